/**
 * Judges the files of an upstream CA before anything is signed under it: what cannot be used is refused, and what some clients
 * do not take is said.
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import { problemOfAuthorityKey } from '../../pki/authority-key.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { oid } from '../../pki/oids.ts';
import { fromPem } from '../../pki/pem.ts';
import { signatureAlgorithmOf } from '../../pki/signature-algorithm.ts';
import { isSignedBy } from '../../pki/svid-chain.ts';

/** The text of the files, all PEM. */
export interface UpstreamFiles {
  /** The CA certificate first, then what stands between it and the root. */
  readonly certificatePem: string;
  /** PKCS#8, PKCS#1 or SEC1, not encrypted. */
  readonly keyPem: string;
  /** Roots; empty when the CA certificate is itself one. */
  readonly rootsPem: string;
  /** Where the texts were read, for people. */
  readonly names?: UpstreamNames;
}

/** The paths of the files; `roots` is undefined where there is no such file. */
export interface UpstreamNames {
  readonly certificate: string;
  readonly key: string;
  readonly roots: string | undefined;
}

/** A certificate and the file that it stands in. */
interface Placed extends Certificate {
  readonly file: string;
}

/** What is usable and yet worth a word. */
export interface UpstreamFinding {
  readonly code: 'no_subject_key_id' | 'empty_subject' | 'name_constraints' | 'root_expired' | 'ends_soon' | 'unusable';
  readonly message: string;
}

/** An upstream CA that can be used. */
export interface UpstreamCa {
  readonly issuer: Certificate;
  readonly key: KeyObject;
  /** From the CA certificate upwards; no root is among them. */
  readonly chain: readonly Certificate[];
  /** What goes into the bundle; none has expired. */
  readonly roots: readonly Certificate[];
  /** When the chain stops verifying, milliseconds since 1970: at the first end in it, or when the last root that signed it ends. */
  readonly endsAt: number;
  /** Which certificate ends then, for people. */
  readonly endsFirst: string;
  readonly findings: readonly UpstreamFinding[];
}

/** @throws GatehouseError `certificate_invalid` */
export function refuse(reason: string, cause?: unknown): never {
  throw new GatehouseError('certificate_invalid', `the upstream CA cannot be used: ${reason}`, { reason }, { cause });
}

const time = (atMs: number): string => new Date(atMs).toISOString();

/** Which certificate, for whoever must find it: by serial, subject and file. */
function nameOf({ serial, der, file }: Placed): string {
  const subject = new X509Certificate(der).subject?.split('\n').join(', ') || 'no subject';
  return `certificate ${serial} (${subject}) in ${file}`;
}

/** Reads and judges the files at `atMs`. @throws GatehouseError `certificate_invalid`, `details.reason` says which certificate and why */
export function readUpstream(files: UpstreamFiles, atMs: number): UpstreamCa {
  const { certificatePem, keyPem, rootsPem, names = UNNAMED } = files;
  const given = readAll(certificatePem, names.certificate);
  const [issuer] = given as [Placed, ...Placed[]]; // fromPem refuses an empty text
  const key = readKey(keyPem, names.key);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  if (Buffer.compare(spki, issuer.spki) !== 0)
    refuse(`the key in ${names.key} is not that of the certificate: ${nameOf(issuer)}`);
  const named = rootsPem.trim() === '' ? given.slice(-1) : readAll(rootsPem, names.roots ?? UNNAMED.roots);
  for (const each of [...given.filter((one) => !isSelfSigned(one)), ...named]) checkIsCa(each);
  // Roots are never sent; of a root that was renewed with its key either certificate may stand in the chain's file.
  const chain = given.filter((each) => !isSelfSigned(each));
  const roots = named.filter((each) => atMs < each.notAfterAt);
  for (const each of [...given, ...roots]) checkKey(each);
  if (roots.length === 0)
    refuse(`${nameOf(named[0] ?? issuer)} expired at ${time(Math.max(...named.map((each) => each.notAfterAt)))}`);
  for (const each of chain) checkTime(each, atMs);
  checkLinks(chain);
  const above = anchorsOf(chain.at(-1) ?? issuer, roots, atMs);
  if (isSelfSigned(issuer) && !roots.some((each) => Buffer.compare(each.der, issuer.der) === 0)) {
    checkIsCa(issuer);
    checkTime(issuer, atMs);
    above.push(issuer);
    roots.push(issuer);
  }
  for (const [below, each] of chain.entries()) checkFit(each, below + 1);
  const anchors = fitOf(above, chain.length + 1);
  const endsAt = Math.min(...chain.map((each) => each.notAfterAt), Math.max(...anchors.map((each) => each.notAfterAt)));
  const gone = named.filter((each) => !roots.includes(each));
  const first = [...chain, ...anchors].find((each) => each.notAfterAt === endsAt) ?? issuer;
  const endsFirst = nameOf(first);
  return {
    issuer,
    key,
    chain,
    roots,
    endsAt,
    endsFirst,
    findings: [...findingsOf([...chain, ...anchors]), ...gone.map(expired)],
  };
}

const UNNAMED = { certificate: 'the certificate file', key: 'the key file', roots: 'the file of roots' };

/** @throws GatehouseError `certificate_invalid`, with the file and which of its certificates */
function readAll(pem: string, file: string): Placed[] {
  return attempt(() => fromPem('CERTIFICATE', pem), file).map((der, i) => ({
    ...attempt(() => readCertificate(der), `certificate ${i + 1} in ${file}`),
    file,
  }));
}

function attempt<T>(read: () => T, what: string): T {
  try {
    return read();
  } catch (thrown) {
    return refuse(`${what}: ${asGatehouseError(thrown).message}`, thrown);
  }
}

const isNamedAlike = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const isSelfSigned = (each: Certificate): boolean =>
  isNamedAlike(each.issuer, each.subject) && isSignedBy(each, each.spki);

function checkIsCa(certificate: Placed): void {
  if (certificate.isCa && certificate.keyUsage?.has('keyCertSign') === true) return;
  refuse(`${nameOf(certificate)} is not a CA: basicConstraints CA:TRUE and keyUsage keyCertSign are needed`);
}

/** Clients that cannot read one certificate of a bundle take none of it. */
function checkKey(certificate: Placed): void {
  const problem = problemOfAuthorityKey(certificate.spki);
  if (problem !== undefined) refuse(`${nameOf(certificate)}: ${problem}`);
}

function checkTime(certificate: Placed, atMs: number): void {
  if (certificate.notAfterAt <= atMs) refuse(`${nameOf(certificate)} expired at ${time(certificate.notAfterAt)}`);
  if (certificate.notBeforeAt > atMs)
    refuse(`${nameOf(certificate)} is valid only from ${time(certificate.notBeforeAt)}; compare the clocks`);
}

/** Each certificate must be signed by the next in the file. */
function checkLinks(chain: readonly Placed[]): void {
  for (const [index, each] of chain.entries()) {
    const next = chain[index + 1];
    if (next !== undefined && !isIssuedBy(each, next))
      refuse(`${nameOf(each)} is not signed by the next, ${nameOf(next)}${whyNot(each)}`);
  }
}

const isIssuedBy = (each: Certificate, issuer: Certificate): boolean =>
  isNamedAlike(each.issuer, issuer.subject) && isSignedBy(each, issuer.spki);

/** The roots that have signed `last`, or that are it, perhaps renewed; valid now. */
function anchorsOf(last: Placed, roots: readonly Placed[], atMs: number): Placed[] {
  const anchors = roots.filter((root) => isIssuedBy(last, root));
  if (anchors.length === 0)
    refuse(`${nameOf(last)} is not signed by any of the roots${whyNot(last)}; give the root of its chain in ca`);
  const now = anchors.filter((root) => root.notBeforeAt <= atMs);
  if (now.length === 0) for (const root of anchors) checkTime(root, atMs);
  return now;
}

const whyNot = ({ signatureAlgorithm }: Certificate): string =>
  signatureAlgorithmOf(signatureAlgorithm) === undefined
    ? ` with an algorithm that clients take (RSA PKCS#1 v1.5 or ECDSA with SHA-2; it has ${signatureAlgorithm})`
    : '';

/** Those of several roots that may stand there; one is enough. @throws what is wrong with the first, when none may */
function fitOf(roots: readonly Placed[], below: number): readonly Placed[] {
  let first: unknown;
  const fit = roots.filter((root) => {
    try {
      checkFit(root, below);
      return true;
    } catch (thrown) {
      first ??= thrown;
      return false;
    }
  });
  if (fit.length === 0) throw first;
  return fit;
}

/** What would make verifiers refuse every certificate below. @param below  authorities that stand below it, ours among them */
function checkFit(certificate: Placed, below: number): void {
  const { pathLength, unknownCritical, extendedKeyUsage } = certificate;
  const name = nameOf(certificate);
  if (pathLength !== undefined && pathLength < below)
    refuse(`${name}: its path length is ${pathLength}, and below it are ${below} authorities, ours among them`);
  if (unknownCritical.length > 0) {
    const what = unknownCritical.includes(oid.nameConstraints) ? 'name constraints, ' : '';
    refuse(
      `${name} has a critical extension (${what}${unknownCritical.join(', ')}) for which verifiers must refuse it`,
    );
  }
  const lacks = [oid.serverAuth, oid.clientAuth].filter((each) => extendedKeyUsage?.includes(each) === false);
  if (lacks.length > 0)
    refuse(`${name}: its extended key usage lacks ${lacks.join(', ')}: SVIDs are for servers and clients`);
}

function findingsOf(path: readonly Placed[]): readonly UpstreamFinding[] {
  return path.flatMap((each): readonly UpstreamFinding[] => [
    ...(each.subjectKeyId === undefined
      ? [
          {
            code: 'no_subject_key_id' as const,
            message: `${nameOf(each)} has no subject key identifier: strict verifiers refuse it, and after a renewal with its name others may take the wrong one`,
          },
        ]
      : []),
    ...(each.subjectIsEmpty
      ? [
          {
            code: 'empty_subject' as const,
            message: `${nameOf(each)} has an empty Subject: GnuTLS, Java and strict verifiers refuse it`,
          },
        ]
      : []),
    ...(each.isNameConstrained
      ? [
          {
            code: 'name_constraints' as const,
            message: `${nameOf(each)} has name constraints: verifiers disagree about those of URIs, and entries' dnsNames may break them`,
          },
        ]
      : []),
  ]);
}

const expired = (root: Placed): UpstreamFinding => ({
  code: 'root_expired',
  message: `${nameOf(root)}, a root, expired at ${time(root.notAfterAt)} and is left out: take it out of the file`,
});

function readKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (thrown) {
    return refuse(`${file} holds no private key in PEM that is not encrypted`, thrown);
  }
}
