/**
 * Ports and protocols as the site's own layer writes them.
 * @module
 */
import type { Value } from '../../documents/value.ts';
import type { Expr, PortRange } from '../../model.ts';

/** IP protocols by name (IANA's numbers). */
export const protocols: ReadonlyMap<string, number> = new Map([
  ['ICMP', 1],
  ['TCP', 6],
  ['UDP', 17],
  ['ESP', 50],
  ['AH', 51],
  ['ICMPV6', 58],
  ['SCTP', 132],
]);

/** Those whose packets bear ports. */
export const withPorts: ReadonlySet<number> = new Set([6, 17, 132]);

const LAST = 65_535;

/** `443` or `8000-8080`; undefined: no range within 0 to 65535. */
export function readPorts(value: Value): PortRange | undefined {
  if (value.is !== 'text' && value.is !== 'number') return undefined;
  const written = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value.text);
  if (written === null) return undefined;
  const from = Number(written[1]);
  const to = Number(written[2] ?? written[1]);
  return from <= to && to <= LAST ? { from, to } : undefined;
}

/** A condition on ports; none where every port is meant. */
export function portIn(fact: 'sourcePort' | 'destinationPort', any: readonly PortRange[]): readonly Expr[] {
  return any.some(({ from, to }) => from === 0 && to === LAST) ? [] : [{ op: 'port', fact, any }];
}
