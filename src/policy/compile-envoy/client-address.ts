/**
 * The client's address by X-Forwarded-For, as far as a tree can take it from there: where the header is one address, or absent.
 * @module
 */
import { allOf, anyOf, isPresent, notOf, type Said, testOf } from './tree/predicates.ts';

const XFF = 'header:x-forwarded-for';
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';

const isAbsent = notOf(isPresent(XFF));

/** The header is absent, or one IPv4 address as Check reads one: no port, no white space. */
export const isPlainClient: Said = anyOf([isAbsent, testOf(XFF, { is: 'regex', source: `${BYTE}(?:\\.${BYTE}){3}` })]);

/**
 * The client of a plain request is in one of the ranges. A single entry is the client's where no hop is trusted; where hops are, there are
 * too few entries, and the direct peer counts, as it does for connections.
 */
export function clientIn(cidrs: readonly string[], protocol: 'http' | 'tcp', trustedHops: number): Said {
  if (cidrs.length === 0) return 'never';
  const peer = testOf('sourceIp', { is: 'ranges', cidrs });
  if (protocol === 'tcp' || trustedHops > 0) return peer;
  return anyOf([allOf([isAbsent, peer]), testOf(XFF, { is: 'ranges', cidrs })]);
}
