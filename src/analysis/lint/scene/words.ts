/**
 * Conditions of rules in few words: `method GET`, `port 80, callers with label app=web`.
 * @module
 */
import { assertNever } from '../../../lib/assert-never.ts';
import { fromByteString } from '../../../lib/byte-string.ts';
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Atom, Expr } from '../../../policy/model.ts';
import { nameOfAtom, patternsOf } from '../../explain-clause.ts';
import { labelWords } from '../../label-words.ts';

/** More values or alternatives are counted only. */
const SHOWN = 4;

/** Writes a condition as a person would say what it asks. */
export function wordsOf(expr: Expr): string {
  switch (expr.op) {
    case 'all': {
      const parts = expr.of.map(wordsOf).filter((words) => words !== '');
      const telling = parts.filter((words) => words !== 'TCP'); // which goes without saying, beside anything else
      return (telling.length > 0 ? telling : parts).join(', ');
    }
    case 'any':
      return listed(expr.of.map(wordsOf), ' or ');
    case 'not':
      return `not ${wordsOf(expr.of)}`;
    default:
      return ofAtom(expr);
  }
}

/** Writes which workloads a policy selects. */
export const workloadWords = (selector: LabelExpr): string => `workloads with ${labelWords(selector)}`;

function ofAtom(atom: Atom): string {
  switch (atom.op) {
    case 'text': {
      const patterns = patternsOf(atom).map(fromByteString);
      if (atom.fact.of === 'peerName') return listed(patterns.map(principalWords), ', ');
      return `${nameOfAtom(atom)} ${listed(patterns, ', ')}`;
    }
    case 'address':
      return `${nameOfAtom(atom)} ${listed(patternsOf(atom), ', ')}`;
    case 'port':
      return `${atom.fact === 'destinationPort' ? 'port' : 'source port'} ${listed(patternsOf(atom), ', ')}`;
    case 'protocol':
      return listed(atom.any.map(protocolWords), ', ');
    case 'endpoint':
      return `${atom.end === 'source' ? 'callers' : 'destinations'} with ${labelWords(atom.selector)}`;
    case 'identity':
    case 'namedPort':
      return `${nameOfAtom(atom)} ${patternsOf(atom).join(', ')}`;
    default:
      return assertNever(atom);
  }
}

const protocols: ReadonlyMap<number, string> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);

const protocolWords = (number: number): string => protocols.get(number) ?? `protocol ${number}`;

/** As policies write it: a namespace, or a principal without its scheme. */
function principalWords(pattern: string): string {
  const [, namespace] = /^\*\/ns\/([^/*]+)\/\*$/.exec(pattern) ?? [];
  return namespace === undefined ? `principal ${pattern.replace(/^spiffe:\/\//, '')}` : `namespace ${namespace}`;
}

function listed(words: readonly string[], by: string): string {
  const more = words.length > SHOWN ? [`${words.length - SHOWN} more`] : [];
  return [...words.slice(0, SHOWN), ...more].join(by);
}
