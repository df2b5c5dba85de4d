/**
 * Walks a tree as Envoy does: the second opinion before a tree is given away.
 * @module
 */

import { lowerAscii } from '../../../lib/byte-string.ts';
import { parseCidr, parseZonedIp } from '../../../lib/ip-address.ts';
import { CidrTrie } from '../../../lib/tries/cidr-trie.ts';
import type { Action, Input, MapNode, Node, Predicate, Test } from './tree.ts';

/** What Envoy sees of one request; undefined: there is no such value; `unavailable`: Envoy gives up the search; several: a list in a token. */
export type Seen = (input: Input) => string | readonly string[] | undefined | typeof unavailable;

/** What the inputs of certificates answer where there is no TLS. */
export const unavailable = Symbol('unavailable');

/** The action that a tree comes to; undefined if it comes to none, which Envoy denies. */
export function interpretTree(node: Node, seen: Seen): Action | undefined {
  const found = walk(node, seen);
  return found === unavailable ? undefined : found;
}

type Found = Action | undefined | typeof unavailable;

function walk(node: Node | undefined, seen: Seen): Found {
  if (node === undefined) return undefined;
  if (node.is === 'action') return node;
  if (node.is !== 'list') return walkMap(node, seen) ?? walk(node.otherwise, seen);
  for (const { when, leadsTo } of node.items) {
    const is = holds(when, seen);
    if (is === unavailable) return unavailable;
    const found = is ? walk(leadsTo, seen) : undefined;
    if (found !== undefined) return found;
  }
  return walk(node.otherwise, seen);
}

function walkMap({ is, input, entries }: MapNode, seen: Seen): Found {
  const value = seen(input);
  if (typeof value !== 'string') return value === unavailable ? value : undefined; // Envoy's maps take nothing else
  if (is === 'exact') return walk(entries.get(value), seen);
  for (let length = value.length; length >= 0; length--) {
    const found = walk(entries.get(value.slice(0, length)), seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function holds(predicate: Predicate, seen: Seen): boolean | typeof unavailable {
  switch (predicate.op) {
    case 'test': {
      const value = seen(predicate.input);
      if (value === unavailable) return value;
      const values = typeof value === 'string' ? [value] : (value ?? []);
      return values.some((each) => passes(predicate.test, each));
    }
    case 'all':
    case 'any': {
      const decides = predicate.op === 'any';
      for (const part of predicate.of) {
        const is = holds(part, seen);
        if (is === unavailable || is === decides) return is;
      }
      return !decides;
    }
    default: {
      const is = holds(predicate.of, seen);
      return is === unavailable ? is : !is;
    }
  }
}

function passes(test: Test, value: string): boolean {
  if (test.is === 'regex') return regexOf(test.source).test(value);
  if (test.is === 'ranges') {
    const address = parseZonedIp(value);
    return address !== undefined && isHeld(address, test.cidrs);
  }
  const [wanted, found] = test.ignoreCase === true ? [lowerAscii(test.value), lowerAscii(value)] : [test.value, value];
  if (test.is === 'exact') return found === wanted;
  if (test.is === 'prefix') return found.startsWith(wanted);
  return test.is === 'suffix' ? found.endsWith(wanted) : found.includes(wanted);
}

const tries = new WeakMap<readonly string[], CidrTrie<true>>();

/** There may be thousands of ranges, and a tree is walked a thousand times. */
function isHeld(address: Uint8Array, cidrs: readonly string[]): boolean {
  let trie = tries.get(cidrs);
  if (trie === undefined) {
    trie = new CidrTrie();
    for (const cidr of cidrs) trie.at(parseCidr(cidr)!, () => true); // the model's own
    tries.set(cidrs, trie);
  }
  let isFound = false;
  trie.walk(address, undefined, () => {
    isFound = true;
  });
  return isFound;
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
