/**
 * Clauses that the registry answers, in words: pods by their labels, identities by their accounts, ports by their names.
 * @module
 */
import type { RegistryAtom } from '../policy/meaning/registry-atom.ts';
import { labelWords } from './label-words.ts';

/** What such a clause asks for, after "must have" or "must be". */
export function registryPattern(atom: RegistryAtom): string {
  if (atom.op === 'namedPort') return atom.name;
  if (atom.op === 'endpoint') return labelWords(atom.selector);
  const parts = [
    ...(atom.ownNamespace === undefined ? [] : [`namespace=${atom.ownNamespace}`]),
    ...(atom.namespace === undefined ? [] : [labelWords(atom.namespace, 'namespace label')]),
    ...(atom.names === undefined
      ? []
      : [
          atom.names.length === 1
            ? `service account=${atom.names[0]}`
            : `service account in (${atom.names.join(', ')})`,
        ]),
    ...(atom.serviceAccount === undefined ? [] : [labelWords(atom.serviceAccount, 'service account label')]),
  ];
  return parts.length === 0 ? 'any identity' : parts.join(' and ');
}

/** The whole sentence. @param found  what the registry knows of that end: pods, an account, a port */
export function registryClause(atom: RegistryAtom, negated: boolean, found: readonly string[], met: boolean): string {
  const pattern = registryPattern(atom);
  const who = atom.end === 'source' ? 'the caller' : 'the destination';
  const not = negated ? 'not ' : '';
  if (atom.op === 'namedPort') {
    const which = `${atom.end} port${found.length === 0 ? '' : ` ${found.join(' and ')}`}`;
    const is = met === negated ? 'is not' : 'is';
    const asked = met ? ', as the rule wants' : `, must ${not}be`;
    return `${which} ${is} the one that ${who}'s pod calls ${JSON.stringify(pattern)}${asked}`;
  }
  const noPod = `no pod of the registry has ${who}'s address`;
  const noName = `${who} has no name of the form /ns/…/sa/…`;
  const what = atom.op === 'endpoint' ? 'pod' : 'identity';
  const has =
    found.length === 0 ? (atom.op === 'endpoint' ? noPod : noName) : `${who} is ${what} ${found.join(' and ')}`;
  return met ? `${has}, as the rule wants (${not}${pattern})` : `${has}, must ${not}have ${pattern}`;
}
