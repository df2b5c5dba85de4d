/**
 * Which addresses may be asked for keys: a policy's author must not reach through us what only we can reach (SSRF).
 * @module
 */
import { ipInRange, parseCidr, parseIp, unmapped } from '../../lib/ip-address.ts';

/** Which addresses key sets may be fetched from. */
export interface JwksNetworks {
  /** CIDRs. */
  readonly denyNetworks: readonly string[];
  /** CIDRs; wins over `denyNetworks`. Loopback and the unspecified address must stand here. */
  readonly allowNetworks: readonly string[];
}

/** True if a connection to this numeric address may be made. */
export type AddressGuard = (address: string) => boolean;

const alwaysDenied = ['127.0.0.0/8', '::1/128', '0.0.0.0/8', '::/128', '224.0.0.0/3', 'ff00::/8'];

/** The IPv4 address within one of NAT64's (RFC 6052 §2.1), as the translator would reach it. */
const nat64 = parseCidr('64:ff9b::/96')!;

/** Builds the guard. An address that is no IP address is denied; one that holds an IPv4 address is judged as that too. */
export function createAddressGuard({ denyNetworks, allowNetworks }: JwksNetworks): AddressGuard {
  const ranges = (texts: readonly string[]) => texts.flatMap((text) => parseCidr(text) ?? []);
  const allowed = ranges(allowNetworks);
  const denied = ranges([...alwaysDenied, ...denyNetworks]);
  const passes = (address: Uint8Array): boolean =>
    allowed.some((range) => ipInRange(address, range)) || !denied.some((range) => ipInRange(address, range));
  return (text) => {
    const address = parseIp(text.replace(/%.*$/, ''));
    if (address === undefined) return false;
    const plain = unmapped(address);
    return passes(plain) && (!ipInRange(plain, nat64) || passes(plain.subarray(12)));
  };
}
