/**
 * The client's address by X-Forwarded-For, as Envoy takes it.
 * @module
 */
import { parseZonedIp } from '../../lib/ip-address.ts';
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
  const entry = xff.slice(xff.lastIndexOf(',', end - 1) + 1, end);
  return toAddress(entry.replace(/^[ \t]+|[ \t]+$/g, ''));
}

/** An address of a connection with its text, both without a zone; undefined if the text is no IP address. */
export function toAddress(text: string): IpAddress | undefined {
  const bytes = text === '' ? undefined : parseZonedIp(text);
  return bytes && { bytes, text: text.replace(/%.*/, '') };
}
