/**
 * Text patterns → automata. A pattern is a run of items, each a set of bytes that stands once or any number of times.
 * @module
 */
import { assertNever } from '../../lib/assert-never.ts';
import { lowerAscii } from '../../lib/byte-string.ts';
import type { TextPattern } from '../../policy/model.ts';
import { type Automaton, explored } from './automaton.ts';

/** Bytes from and to, both included. */
export type ByteRange = readonly [lo: number, hi: number];

/** A set of bytes that stands once, or (`many`) any number of times. */
export interface Item {
  readonly bytes: readonly ByteRange[];
  readonly many?: boolean;
}

/** How letters count: as they stand, in lower case alone, or in both. */
export type LetterCase = 'asIs' | 'lower' | 'both';

const anyByte: readonly ByteRange[] = [[0, 255]];
const noLineFeed: readonly ByteRange[] = [
  [0, 9],
  [11, 255],
];
const noSlash: readonly ByteRange[] = [
  [0, 46],
  [48, 255],
];

/** Path templates: what one segment may hold (RFC 3986 pchar without brackets, `%` as itself). */
const segmentBytes = rangesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()+,;:@=*");
const restBytes = rangesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()+,;:@=*/");

function rangesOf(chars: string): ByteRange[] {
  const bytes = [...new Set([...chars].map((char) => char.charCodeAt(0)))].sort((a, b) => a - b);
  const out: [number, number][] = [];
  for (const byte of bytes) {
    const last = out.at(-1);
    if (last !== undefined && last[1] + 1 === byte) last[1] = byte;
    else out.push([byte, byte]);
  }
  return out;
}

/** Any number of these bytes, all unless some are named. */
export const anyOf = (bytes: readonly ByteRange[] = anyByte): Item => ({ bytes, many: true });

/** A literal text. */
export function literal(text: string, letters: LetterCase = 'asIs'): Item[] {
  const lower = letters === 'asIs' ? text : lowerAscii(text);
  return Array.from(lower, (char): Item => {
    const byte = char.charCodeAt(0);
    const isLetter = byte >= 97 && byte <= 122;
    return {
      bytes:
        letters === 'both' && isLetter
          ? [
              [byte - 32, byte - 32],
              [byte, byte],
            ]
          : [[byte, byte]],
    };
  });
}

/** Runs of items of which one must fit. */
export function itemsOf(pattern: TextPattern, letters: LetterCase): readonly (readonly Item[])[] {
  const text = (value: string): Item[] =>
    literal(value, 'ignoreCase' in pattern && pattern.ignoreCase === true ? letters : 'asIs');
  switch (pattern.is) {
    case 'exact':
      return [text(pattern.value)];
    case 'prefix':
      return [[...text(pattern.value), anyOf()]];
    case 'suffix':
      return [[anyOf(), ...text(pattern.value)]];
    case 'present':
      return [[anyOf()]];
    case 'nonEmpty':
      return [[{ bytes: noLineFeed }, anyOf(noLineFeed)]];
    case 'glob':
      return [globItems(pattern.parts, pattern.within === 'segment')];
    case 'under': {
      const inside = pattern.value.endsWith('/') ? pattern.value : `${pattern.value}/`;
      return [text(pattern.value), [...text(inside), anyOf()]];
    }
    case 'template':
      return [templateItems(pattern.text)];
    case 'serviceAccount':
      return accountItems(pattern.namespace, pattern.serviceAccount);
    default:
      return assertNever(pattern);
  }
}

function globItems(parts: readonly string[], isWithinSegment: boolean): Item[] {
  return parts.flatMap((part, i) => [
    ...(i === 0 ? [] : [anyOf(i === 1 && isWithinSegment ? noSlash : noLineFeed)]),
    ...literal(part),
  ]);
}

function templateItems(text: string): Item[] {
  return text
    .split(/(\{\*\*?\})/)
    .flatMap((part) =>
      part === '{**}'
        ? [anyOf(restBytes)]
        : part === '{*}'
          ? [{ bytes: segmentBytes }, anyOf(segmentBytes)]
          : literal(part),
    );
}

/** `spiffe://.+/ns/NAMESPACE/(.+/|)sa/ACCOUNT(/.+)?`. */
function accountItems(namespace: string, account: string): Item[][] {
  const some: Item[] = [{ bytes: noLineFeed }, anyOf(noLineFeed)];
  const head = [...literal('spiffe://'), ...some, ...literal(`/ns/${namespace}/`)];
  return [[], [...some, ...literal('/')]].flatMap((between) => {
    const whole = [...head, ...between, ...literal(`sa/${account}`)];
    return [whole, [...whole, ...literal('/'), ...some]];
  });
}

/** The automaton of what fits one of the runs at least. */
export function automatonOfItems(runs: readonly (readonly Item[])[], checkSize: (states: number) => void): Automaton {
  const items: (Item | undefined)[] = runs.flatMap((run) => [...run, undefined]); // undefined ends a run
  let at = 0;
  const starts = runs.map((run) => {
    const start = at;
    at += run.length + 1;
    return start;
  });
  const closed = (places: Iterable<number>): number[] => {
    const seen = new Set<number>();
    for (const place of places)
      for (let i = place; !seen.has(i); i++) {
        seen.add(i);
        if (items[i]?.many !== true) break;
      }
    return [...seen].sort((a, b) => a - b);
  };
  return explored<readonly number[]>(
    {
      start: closed(starts),
      keyOf: (places) => places.join(),
      accepts: (places) => places.some((place) => items[place] === undefined),
      arcsOf: (places) => {
        const cuts = new Set<number>();
        const moves = places.flatMap((place) => {
          const item = items[place];
          if (item === undefined) return [];
          for (const [lo, hi] of item.bytes) cuts.add(lo).add(hi + 1);
          return [{ item, to: item.many === true ? place : place + 1 }];
        });
        const sorted = [...cuts].sort((a, b) => a - b);
        return sorted.slice(0, -1).flatMap((lo, i) => {
          const to = moves.filter(({ item }) => item.bytes.some(([from, end]) => from <= lo && lo <= end));
          return to.length === 0 ? [] : [{ lo, hi: sorted[i + 1]! - 1, to: closed(to.map((move) => move.to)) }];
        });
      },
    },
    checkSize,
  );
}
