/**
 * Addresses as segments between all borders that policies name: then a set of ranges is a set of numbers.
 *
 * The engine of proofs keeps addresses as automata, one bit after the other, which knows borders that come later. Lint knows all of
 * them before it begins, and compares thousands of ranges.
 * @module
 */
import type { IpRange } from '../../../../lib/ip-address.ts';
import { bitsOf } from '../../../regions/addresses.ts';
import { type IntervalDomain, intervalDomain } from '../../../regions/intervals.ts';

/** Sets of addresses. */
export interface AddressSegments {
  readonly domain: IntervalDomain;
  /** The addresses of some of the ranges that were named. */
  of(ranges: readonly IpRange[]): number;
}

const bitsIn = (family: string): number => (family === '4' ? 32 : 128);
const ends: readonly string[] = [`4${'1'.repeat(32)}2`, `6${'1'.repeat(128)}2`];
const starts: readonly string[] = [`4${'0'.repeat(32)}`, `6${'0'.repeat(128)}`];

/** Cuts the addresses at the borders of the ranges. */
export function createAddressSegments(ranges: Iterable<IpRange>): AddressSegments {
  const cuts = new Set([...starts, ends[1]!]);
  for (const range of ranges) for (const border of bordersOf(range)) cuts.add(border);
  const numbers = new Map([...cuts].sort().map((cut, i) => [cut, i]));
  const domain = intervalDomain(0, numbers.size - 2);
  return {
    domain,
    of: (some) =>
      domain.of(
        some.map((range) => {
          const [from, to] = bordersOf(range);
          return [numbers.get(from)!, numbers.get(to)! - 1]; // all ranges were named
        }),
      ),
  };
}

/** Where a range begins and where what follows it does: texts that sort as the addresses do; IPv6 follows IPv4. */
function bordersOf(range: IpRange): readonly [from: string, to: string] {
  const bits = bitsOf(range);
  const length = bitsIn(bits[0]!) + 1;
  const end = `${bits.padEnd(length, '1')}2`;
  return [bits.padEnd(length, '0'), end === ends[0] ? starts[1]! : end];
}
