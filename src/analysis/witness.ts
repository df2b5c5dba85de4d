/**
 * Witnesses: values that satisfy a pattern, and values that satisfy none.
 * @module
 */
import { assertNever } from '../lib/assert-never.ts';
import { ipInRange, parseCidr, parseIp } from '../lib/ip-address.ts';
import { matches } from '../policy/evaluate/plain-match.ts';
import type { Atom, Cidr, TextFact, TextPattern } from '../policy/model.ts';

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

/** Whole names of workloads, where a pattern asks for a part. */
function namesFor(pattern: TextPattern): readonly string[] {
  const text = pattern.is === 'glob' ? pattern.parts.join('') : 'value' in pattern ? pattern.value : '';
  const [, namespace = 'default'] = /\/ns\/([^/]+)/.exec(text) ?? [];
  const [, account = 'other'] = /\/sa\/([^/]+)/.exec(text) ?? [];
  const [, domain = 'cluster.local'] = /^(?:spiffe:\/\/)?([\w.-]+)\/ns\//.exec(text) ?? [];
  return [`spiffe://${domain}/ns/${namespace}/sa/${account}`];
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
      const value = [...(atom.fact.of === 'peerName' ? namesFor(pattern) : []), witnessOf(pattern)].find((each) =>
        matches(pattern, each),
      );
      if (value !== undefined) return [value];
    }
    return undefined;
  }
  const candidates = [...(ordinary[atom.fact.of] ?? ['x', 'other']), ''];
  const value = candidates.find((each) => !atom.any.some((pattern) => matches(pattern, each)));
  if (value !== undefined && value !== '') return [value];
  return atom.fact.of === 'method' || atom.fact.of === 'path' ? undefined : [];
}

/** An address inside one of the ranges (`wanted`), or outside all of them. */
export function addressFor(ranges: readonly Cidr[], wanted: boolean): readonly string[] | undefined {
  if (!wanted) {
    const outside = ['192.0.2.1', '198.51.100.1', '203.0.113.1'].find(
      (each) => !ranges.some(({ text }) => ipInRange(parseIp(each)!, parseCidr(text)!)),
    );
    return outside === undefined ? undefined : [outside];
  }
  const text = ranges[0]?.text;
  const bits = text === undefined ? undefined : parseCidr(text);
  const base = text?.split('/', 1)[0];
  if (base === undefined || bits === undefined) return undefined;
  const isWhole = bits.bits === bits.bytes.length * 8;
  const inside = isWhole || base.includes(':') ? base : base.replace(/\.0$/, '.1');
  return [inside];
}
