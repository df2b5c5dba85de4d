/**
 * The client's address by X-Forwarded-For, as Envoy takes it.
 * @module
 */
import { parseIp } from '../../lib/ip-address.ts';
import type { IpAddress } from '../../policy/facts.ts';

/**
 * The entry of X-Forwarded-For that stands `trustedHops` before the last; undefined if there is none or it is no bare address,
 * in which case the direct peer is the client.
 */
export function forwardedClient(xff: string, trustedHops: number): IpAddress | undefined {
  let end = xff.length;
  for (let hop = 0; hop < trustedHops; hop++) {
    end = xff.lastIndexOf(',', end - 1);
    if (end <= 0) return undefined;
  }
  return toAddress(xff.slice(xff.lastIndexOf(',', end - 1) + 1, end).trim());
}

/** An address with its text; undefined if the text is no IP address. */
export function toAddress(text: string): IpAddress | undefined {
  const bytes = text === '' ? undefined : parseIp(text);
  return bytes && { bytes, text };
}
