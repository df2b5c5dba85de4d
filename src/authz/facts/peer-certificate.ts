/**
 * The certificate of the peer as Envoy sends it: URL-encoded PEM. Parsed once, then known by its bytes.
 * @module
 */
import { createHash } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import { readCertificate } from '../../identity/pki/certificate.ts';
import { fromPem } from '../../identity/pki/pem.ts';
import { verifySvidChain } from '../../identity/pki/svid-chain.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { CheckRequest } from '../wire/check-request.ts';
import { part } from '../wire/check-request.ts';
import { SpanCache } from '../wire/span-cache.ts';
import { distinguishedNameText } from './distinguished-name.ts';

/** What a Check needs of a peer's certificate. */
export interface PeerCertificate {
  /** Every URI SAN, then every DNS SAN, then the subject; byte strings. */
  readonly names: readonly string[];
  /** The URI SANs alone. */
  readonly uris: readonly string[];
  /** Lower-case hex, no leading zero byte. */
  readonly serial: string;
  /** Lower-case hex SHA-256 of the subject public key info. */
  readonly spki: string;
  readonly der: Uint8Array;
  /** No control byte is in any of its names; one may end the name for a reader of C strings. */
  readonly isPlain: boolean;
  /** What the last verification found, and for which bundles. */
  verified: { readonly bundles: BundleSet; readonly ok: boolean; readonly untilAt: number } | undefined;
}

/** `unreadable`: Envoy sent a certificate that we do not understand. */
export type PeerReading = PeerCertificate | 'unreadable';

const KEPT_BUCKETS = 1024;
/** A refusal may end (a bundle's clock, a leaf that is not valid yet): it is looked at again after this. */
const REFUSAL_LASTS_MS = 1000;

/** Creates the reader of peer certificates, with a bounded memory of its own. */
export function createPeerReader(): (request: CheckRequest) => PeerReading | undefined {
  const cache = new SpanCache<PeerReading>(KEPT_BUCKETS);
  return (request) => {
    const begin = request.spans[part.sourceCertificate * 2]!;
    const end = request.spans[part.sourceCertificate * 2 + 1]!;
    if (begin < 0 || begin === end) return undefined;
    let peer = cache.get(request.bytes, begin, end);
    if (peer === undefined) {
      peer = readPeer(request.text(part.sourceCertificate));
      cache.set(request.bytes, begin, end, peer);
    }
    return peer;
  };
}

/** Reads an URL-encoded PEM certificate. */
function readPeer(encoded: string): PeerReading {
  try {
    const der = fromPem('CERTIFICATE', decodeURIComponent(encoded))[0];
    if (der === undefined) return 'unreadable';
    const { names, subject, serial, spki } = readCertificate(der);
    const all = [...names.uris, ...names.dnsNames];
    return {
      names: [...all, distinguishedNameText(subject)],
      isPlain: all.every(isPlainName),
      uris: names.uris,
      serial,
      spki: createHash('sha256').update(spki).digest('hex'),
      der,
      verified: undefined,
    };
  } catch (thrown) {
    if (thrown instanceof GatehouseError || thrown instanceof URIError) return 'unreadable';
    throw thrown;
  }
}

/** Tells whether a name has no control bytes. */
export const isPlainName = (name: string): boolean => !/[\x00-\x1f\x7f]/.test(name);

/** Tells whether our own bundle, or that of the peer's federated trust domain, vouches for the certificate now. */
export function isVerified(peer: PeerCertificate, bundles: BundleSet, nowMs: number): boolean {
  const last = peer.verified;
  if (last !== undefined && last.bundles === bundles && nowMs < last.untilAt) return last.ok;
  const each = [bundles.own, ...bundles.federated.values()];
  let untilAt = nowMs + REFUSAL_LASTS_MS;
  let ok = false;
  for (const bundle of each) {
    const verdict = verifySvidChain([peer.der], bundle, nowMs, bundle === bundles.own ? bundles.intermediates : []);
    if (!verdict.ok) continue;
    ok = true;
    untilAt = verdict.untilAt;
    break;
  }
  peer.verified = { bundles, ok, untilAt };
  return ok;
}
