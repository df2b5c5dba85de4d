/**
 * The client's address by X-Forwarded-For, as far as a tree can take it from there: where the header is one address, or absent; and behind
 * a gateway where it is a list of addresses, of which Envoy itself takes one.
 * @module
 */
import { allOf, anyOf, isPresent, notOf, type Said, testOf } from './tree/predicates.ts';

const XFF = 'header:x-forwarded-for';
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ADDRESS = `${BYTE}(?:\\.${BYTE}){3}`;

/** Of the machine itself. */
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

const isAbsent = notOf(isPresent(XFF));

/** How a workload's requests come. */
export interface ClientContext {
  readonly protocol: 'http' | 'tcp';
  /** Entries of X-Forwarded-For that its own proxies write behind the client's. */
  readonly trustedHops: number;
  /** Its Envoy adds the direct peer to X-Forwarded-For, and takes the client's address from there by the same hops. */
  readonly isGateway: boolean;
}

/**
 * The header is absent, or one IPv4 address as Check reads one: no port, no white space. Of a gateway it may be several; for a caller of its
 * own machine Envoy adds there the address of that machine, which Check takes for the client's where no proxy is trusted.
 */
export function isPlainClient({ isGateway, trustedHops }: ClientContext): Said {
  const source = isGateway ? `${ADDRESS}(?:, ?${ADDRESS})*` : ADDRESS;
  const isPlain = anyOf([isAbsent, testOf(XFF, { is: 'regex', source })]);
  if (!isGateway || trustedHops > 0) return isPlain;
  return allOf([isPlain, notOf(testOf('sourceIp', { is: 'ranges', cidrs: LOOPBACK }))]);
}

/**
 * The client of a plain request is in one of the ranges. A single entry is the client's where no hop is trusted; where hops are, there are
 * too few entries, and the direct peer counts, as it does for connections.
 */
export function clientIn(cidrs: readonly string[], { protocol, trustedHops, isGateway }: ClientContext): Said {
  if (cidrs.length === 0) return 'never';
  if (isGateway && protocol === 'http') return testOf('remoteIp', { is: 'ranges', cidrs });
  const peer = testOf('sourceIp', { is: 'ranges', cidrs });
  if (protocol === 'tcp' || trustedHops > 0) return peer;
  return anyOf([allOf([isAbsent, peer]), testOf(XFF, { is: 'ranges', cidrs })]);
}
