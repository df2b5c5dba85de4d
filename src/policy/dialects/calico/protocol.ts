/**
 * IP protocols by Calico's names.
 * @module
 */
import type { Value } from '../../documents/value.ts';

const numbers: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({ ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58, SCTP: 132, UDPLite: 136 }),
);

/** Names that Calico's `protocol` field takes. */
export const protocolNames: readonly string[] = [...numbers.keys()];

/** The protocol's number; undefined if the value is none. */
export function protocolNumber(value: Value | undefined): number | undefined {
  if (value?.is !== 'text' && value?.is !== 'number') return undefined;
  const named = numbers.get(value.text);
  if (named !== undefined) return named;
  const number = /^[1-9]\d{0,2}$/.test(value.text) ? Number(value.text) : 0;
  return number >= 1 && number <= 255 ? number : undefined;
}

/** Whether the protocol has ports that Calico matches. */
export function hasPortNumbers(protocol: number | undefined): boolean {
  return protocol === 6 || protocol === 17 || protocol === 132;
}
