/**
 * Walks a tree as Envoy does: the second opinion before a tree is given away.
 * @module
 */

import { lowerAscii } from '../../lib/byte-string.ts';
import { ipInRange, parseCidr, parseIp } from '../../lib/ip-address.ts';
import type { Action, Input, MapNode, Node, Predicate, Test } from './tree.ts';

/** What Envoy sees of one request; undefined: there is no such value. */
export type Seen = (input: Input) => string | undefined;

/** The action that a tree comes to; undefined if it comes to none, which Envoy denies. */
export function interpretTree(node: Node | undefined, seen: Seen): Action | undefined {
  if (node === undefined) return undefined;
  if (node.is === 'action') return node;
  if (node.is !== 'list') return interpretMap(node, seen) ?? interpretTree(node.otherwise, seen);
  for (const { when, leadsTo } of node.items) {
    const found = holds(when, seen) ? interpretTree(leadsTo, seen) : undefined;
    if (found !== undefined) return found;
  }
  return interpretTree(node.otherwise, seen);
}

function interpretMap({ is, input, entries }: MapNode, seen: Seen): Action | undefined {
  const value = seen(input);
  if (value === undefined) return undefined;
  if (is === 'exact') return interpretTree(entries.get(value), seen);
  for (let length = value.length; length >= 0; length--) {
    const found = interpretTree(entries.get(value.slice(0, length)), seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function holds(predicate: Predicate, seen: Seen): boolean {
  switch (predicate.op) {
    case 'test': {
      const value = seen(predicate.input);
      return value !== undefined && passes(predicate.test, value);
    }
    case 'all':
      return predicate.of.every((part) => holds(part, seen));
    case 'any':
      return predicate.of.some((part) => holds(part, seen));
    default:
      return !holds(predicate.of, seen);
  }
}

function passes(test: Test, value: string): boolean {
  if (test.is === 'regex') return regexOf(test.source).test(value);
  if (test.is === 'ranges') {
    const address = parseIp(value);
    return address !== undefined && test.cidrs.some((cidr) => ipInRange(address, parseCidr(cidr)!)); // the model's own
  }
  const [wanted, found] = test.ignoreCase === true ? [lowerAscii(test.value), lowerAscii(value)] : [test.value, value];
  if (test.is === 'exact') return found === wanted;
  if (test.is === 'prefix') return found.startsWith(wanted);
  return test.is === 'suffix' ? found.endsWith(wanted) : found.includes(wanted);
}

const regexes = new Map<string, RegExp>();
const MOST_REGEXES = 4096;

function regexOf(source: string): RegExp {
  let known = regexes.get(source);
  if (known === undefined) {
    if (regexes.size >= MOST_REGEXES) regexes.clear();
    known = new RegExp(`^(?:${source.replaceAll('\\C', '[^]')})$`);
    regexes.set(source, known);
  }
  return known;
}
