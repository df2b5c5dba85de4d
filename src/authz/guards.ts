/**
 * What is refused before any policy is asked: revoked, foreign and unverified peers, requests that may be read in two ways.
 * @module
 */
import { lowerAscii } from '../lib/byte-string.ts';
import type { BundleSet } from '../spiffe/bundle.ts';
import { isVerified, type PeerCertificate } from './facts/peer-certificate.ts';
import type { Revocations } from './state.ts';

/** Tells whether the peer's certificate, key or name was revoked. */
export function isRevoked(
  revocations: Revocations,
  names: readonly string[],
  peer: Pick<PeerCertificate, 'serial' | 'spki'> | undefined,
): boolean {
  if (revocations.spiffeIds.size > 0 && names.some((name) => revocations.spiffeIds.has(name))) return true;
  return peer !== undefined && (revocations.serials.has(peer.serial) || revocations.spkis.has(peer.spki));
}

/** Tells whether a peer that has a name is vouched for by our own or a federated bundle, by the certificate that was sent. */
export function isVouchedFor(
  bundles: BundleSet | undefined,
  names: readonly string[],
  peer: PeerCertificate | undefined,
  nowMs: number,
): boolean {
  if (names.length === 0) return true; // no identity is claimed
  return peer !== undefined && bundles !== undefined && isVerified(peer, bundles, nowMs);
}

/**
 * Tells whether a peer is of another trust domain, as Istio's TLS would: every SPIFFE name must be ours, and one must be there.
 *
 * @param own  `spiffe://<trust domain>/` of our own trust domain and its aliases
 */
export function isForeign(own: readonly string[], names: readonly string[]): boolean {
  if (names.length === 0) return false;
  const ids = names.filter((name) => name.startsWith('spiffe://'));
  return ids.length === 0 || !ids.every((id) => own.some((prefix) => id.startsWith(prefix)));
}

/** 1: never in a plain path. 2: a slash. 3: a dot. */
const weight = new Uint8Array(256);
for (let code = 0; code < 256; code++)
  weight[code] = code <= 0x20 || code >= 0x7f || '\\;#%'.includes(String.fromCharCode(code)) ? 1 : 0;
weight[47] = 2;
weight[46] = 3;

/**
 * Tells whether servers behind us may read a path as another one: empty segments, dot segments, `;`, `\`, fragments, control
 * bytes, bytes that are not ASCII, and escapes that hide any of these.
 *
 * @param path  `:path` with its query, as Envoy sends it
 */
export function isAmbiguousPath(path: string, method: string): boolean {
  if (path.charCodeAt(0) !== 47) return path === '' ? method !== 'CONNECT' : path !== '*' || method !== 'OPTIONS';
  let last = 0;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === 63) return false;
    const kind = weight[code]!;
    if (kind !== 0 && (kind === 1 || last === 2)) return isAmbiguousForm(path);
    last = kind;
  }
  return false;
}

const HIDDEN = /%(?![0-9A-Fa-f]{2})|%(2[ef5]|5c|3b|23|3f|[01][0-9a-f]|7f)/i;

function isAmbiguousForm(path: string): boolean {
  const stripped = path.split('?', 1)[0]!;
  return /\/\/|[\\;#]|[\x00-\x20\x7f-\xff]|\/\.{1,2}(\/|$)/.test(stripped) || HIDDEN.test(stripped);
}

/** `:authority` without port, trailing dot and capitals: what a server that ignores those would route by. */
export function cleanHost(host: string): string {
  const stripped = host.replace(/:[0-9]*$/, '').replace(/\.$/, '');
  return lowerAscii(stripped);
}
