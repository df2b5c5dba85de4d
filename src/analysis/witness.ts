/**
 * Witnesses: values that satisfy a pattern, and values that satisfy none.
 * @module
 */
import { assertNever } from '../lib/assert-never.ts';
import type { Atom, TextFact, TextPattern } from '../policy/model.ts';
import { matches } from '../policy/plain-match.ts';

/** A value that the pattern matches. */
function witnessOf(pattern: TextPattern): string {
  switch (pattern.is) {
    case 'exact':
    case 'prefix':
    case 'suffix':
    case 'under':
      return pattern.value;
    case 'present':
    case 'nonEmpty':
      return 'x';
    case 'glob':
      return pattern.parts.join('x');
    case 'template':
      return pattern.text.replaceAll('{**}', 'x').replaceAll('{*}', 'x');
    case 'serviceAccount':
      return `spiffe://cluster.local/ns/${pattern.namespace}/sa/${pattern.serviceAccount}`;
    default:
      return assertNever(pattern);
  }
}

const ordinary: Readonly<Partial<Record<TextFact['of'], readonly string[]>>> = {
  method: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'],
  path: ['/', '/x', '/x/y'],
  normalPath: ['/', '/x', '/x/y'],
  host: ['example.com', 'x'],
  peerName: ['spiffe://cluster.local/ns/default/sa/other', 'spiffe://other.example/ns/other/sa/other'],
};

type TextAtom = Extract<Atom, { op: 'text' }>;

/** Values of the fact with which the atom holds (`wanted` true) or does not; undefined if there are none that we can think of. */
export function valuesFor(atom: TextAtom, wanted: boolean): readonly string[] | undefined {
  if (wanted) {
    for (const pattern of atom.any) {
      const value = witnessOf(pattern);
      if (matches(pattern, value)) return [value];
    }
    return undefined;
  }
  const candidates = [...(ordinary[atom.fact.of] ?? ['x', 'other']), ''];
  const value = candidates.find((each) => !atom.any.some((pattern) => matches(pattern, each)));
  if (value !== undefined && value !== '') return [value];
  return atom.fact.of === 'method' || atom.fact.of === 'path' ? undefined : [];
}
