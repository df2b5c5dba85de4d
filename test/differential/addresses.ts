/**
 * The destination addresses that the judge gives to its cases.
 * @module
 */

/** IPv4 and IPv6 address of case n, counted from 1. */
export function destinationOf(n: number): readonly [v4: string, v6: string] {
  return [`10.64.${Math.floor(n / 250)}.${(n % 250) + 1}`, `fd00:64::${n.toString(16)}`];
}
