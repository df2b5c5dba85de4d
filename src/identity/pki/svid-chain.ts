/**
 * Verifies an X.509-SVID and its chain against the bundle of its own trust domain.
 * @module
 */
import { createPublicKey, verify } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import { type SpiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts';
import { checkLeaf } from '../../spiffe/x509-svid-rules.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { signatureAlgorithmOf } from './signature-algorithm.ts';

/** Four intermediates: with more, certificates of one name could make the search long. */
const MAX_CHAIN = 5;

type SvidProblem = 'malformed' | 'not_an_svid' | 'foreign_trust_domain' | 'not_yet_valid' | 'expired' | 'untrusted';

/** Either the ID that a chain proves, or why it proves none (X509-SVID §5). */
export type SvidVerification =
  | {
      readonly ok: true;
      readonly spiffeId: SpiffeId;
      readonly leaf: Certificate;
      /** The certificate of the bundle to which the chain leads. */
      readonly root: Certificate;
      /** When the first certificate of the path ends, milliseconds since 1970. */
      readonly untilAt: number;
    }
  | { readonly ok: false; readonly problem: SvidProblem; readonly detail: string };

const no = (problem: SvidProblem, detail: string): SvidVerification => ({ ok: false, problem, detail });

/**
 * Validates a chain, leaf first, against `bundle` at `atMs`.
 *
 * Every negative outcome is a value; nothing is thrown for what a peer sent. A bundle without X.509 authorities trusts nobody.
 *
 * @param chain  DER certificates, at most 5
 * @param known  intermediates that the verifier has himself, DER: `BundleSet.intermediates`
 * @see X509-SVID §5; RFC 5280 §6.1 (without policies and name constraints: a critical extension that is not known refuses)
 */
export function verifySvidChain(
  chain: readonly Uint8Array[],
  bundle: Bundle,
  atMs: number,
  known: readonly Uint8Array[] = [],
): SvidVerification {
  if (chain.length === 0 || chain.length > MAX_CHAIN) return no('malformed', `a chain of ${chain.length} certificates`);
  try {
    const [leaf, ...intermediates] = chain.map(readCertificate);
    return leaf ? verifyRead(leaf, [...intermediates, ...readOnce(known)], bundle, atMs) : no('malformed', 'no leaf');
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return no('malformed', thrown.message);
    throw thrown;
  }
}

function verifyRead(leaf: Certificate, intermediates: Certificate[], bundle: Bundle, atMs: number): SvidVerification {
  const verdict = checkLeaf(leaf);
  if (!verdict.ok) return no('not_an_svid', verdict.problem);
  const { spiffeId } = verdict;
  if (trustDomainOf(spiffeId) !== bundle.trustDomain)
    return no('foreign_trust_domain', `${spiffeId} is not of ${bundle.trustDomain}`);
  if (leaf.unknownCritical.length > 0)
    return no('untrusted', `critical extension ${leaf.unknownCritical[0]} is not known`);
  if (atMs < leaf.notBeforeAt) return no('not_yet_valid', `valid from ${new Date(leaf.notBeforeAt).toISOString()}`);
  if (atMs > leaf.notAfterAt) return no('expired', `valid until ${new Date(leaf.notAfterAt).toISOString()}`);
  const path = pathToRoot(leaf, intermediates, readOnce(bundle.x509Authorities), atMs, 0);
  const root = path?.at(-1);
  if (!path || !root) return no('untrusted', 'no path to an authority of the bundle');
  const untilAt = Math.min(leaf.notAfterAt, ...path.map(({ notAfterAt }) => notAfterAt));
  return { ok: true, spiffeId, leaf, root, untilAt };
}

const read = new WeakMap<readonly Uint8Array[], readonly Certificate[]>();

function readOnce(list: readonly Uint8Array[]): readonly Certificate[] {
  const known = read.get(list);
  if (known) return known;
  const certificates = list.map(readCertificate);
  read.set(list, certificates);
  return certificates;
}

/** What is above `certificate`, the root last; `below` counts the intermediates already passed. */
function pathToRoot(
  certificate: Certificate,
  intermediates: readonly Certificate[],
  roots: readonly Certificate[],
  atMs: number,
  below: number,
): readonly Certificate[] | undefined {
  const root = roots.find((each) => issued(each, certificate, atMs, below));
  if (root) return [root];
  if (below === MAX_CHAIN - 1) return undefined;
  for (const next of intermediates) {
    if (!issued(next, certificate, atMs, below)) continue;
    const rest = intermediates.filter((each) => each !== next);
    const found = pathToRoot(next, rest, roots, atMs, below + 1);
    if (found) return [next, ...found];
  }
  return undefined;
}

function issued(issuer: Certificate, certificate: Certificate, atMs: number, below: number): boolean {
  return (
    issuer.isCa &&
    issuer.keyUsage?.has('keyCertSign') === true &&
    (issuer.pathLength === undefined || issuer.pathLength >= below) &&
    issuer.unknownCritical.length === 0 &&
    atMs >= issuer.notBeforeAt &&
    atMs <= issuer.notAfterAt &&
    Buffer.compare(issuer.subject, certificate.issuer) === 0 &&
    mayBeKeyOf(certificate.authorityKeyId, issuer.subjectKeyId) &&
    isSignedBy(certificate, issuer.spki)
  );
}

/** Key identifiers help to choose; an issuer without one may be any (RFC 5280 §4.2.1.1). */
const mayBeKeyOf = (wanted: string | undefined, has: string | undefined): boolean =>
  wanted === undefined || has === undefined || wanted === has;

/** Says whether `spki` made the signature on `certificate`; SHA-1, PSS and unknown algorithms never verify. */
export function isSignedBy(certificate: Certificate, spki: Uint8Array): boolean {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm);
  if (!algorithm) return false;
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return (
      key.asymmetricKeyType === algorithm.family &&
      verify(algorithm.digest, certificate.tbs, key, certificate.signature)
    );
  } catch {
    return false; // not a key that OpenSSL knows
  }
}
