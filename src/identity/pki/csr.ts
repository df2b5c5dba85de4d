/**
 * Reads certificate requests (PKCS#10). Only the public key and the proof that the caller holds it count: every name and
 * extension in a request is ignored, since identity comes from attestation (design D4).
 * @module
 */
import { verify } from 'node:crypto';
import forge from 'node-forge';
import { GatehouseError } from '../../errors.ts';
import { tag } from './der.ts';
import { DerReader, enterSequence, readBitString, readOid, readOnly } from './der-reader.ts';
import { type PublicKeyInfo, readPublicKeyInfo } from './key-type.ts';
import { fromPem } from './pem.ts';
import { signatureAlgorithmOf } from './signature-algorithm.ts';

const MAX_BYTES = 16 * 1024;
const MAX_DEPTH = 24;

/** Bit strings, key and signature, stay what they are. The type package knows only the boolean of old; the options are forge's own (lib/asn1.js, fromDer). */
const strictly = {
  strict: true,
  parseAllBytes: true,
  decodeBitStrings: false,
  maxDepth: MAX_DEPTH,
} as unknown as boolean;

/** Its sender may read why: it is all about what he sent. */
function refuse(reason: string, cause?: unknown): never {
  const text = `the certificate request is not valid: ${reason}`;
  throw new GatehouseError('csr_invalid', text, { reason, peerText: text }, { cause });
}

const LABELS = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'];

/** Reads the one PEM block `CERTIFICATE REQUEST` (or `NEW CERTIFICATE REQUEST`) in a text. @throws GatehouseError `csr_invalid` */
export function readCsrPem(text: string): PublicKeyInfo {
  if (text.length > 2 * MAX_BYTES) refuse(`it is longer than ${MAX_BYTES} bytes`);
  const labels = LABELS.filter((label) => text.includes(`-----BEGIN ${label}-----`));
  if (labels.length === 0) refuse(`there is no PEM block ${LABELS.join(' or ')}`);
  let blocks: Buffer[];
  try {
    blocks = labels.flatMap((label) => fromPem(label, text));
  } catch (thrown) {
    refuse(thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
  const [der, ...more] = blocks;
  if (!der || more.length > 0) refuse('there is more than one PEM block');
  return readCsr(der);
}

/**
 * Reads a DER request of at most 16 KiB and answers the key that its sender holds: P-256, P-384 or RSA of 2048 to 4096 bits, signed with SHA-256, SHA-384 or SHA-512.
 *
 * @throws GatehouseError `csr_invalid`, `details.reason` says why
 * @see RFC 2986 §4
 */
export function readCsr(der: Uint8Array): PublicKeyInfo {
  if (der.length > MAX_BYTES) refuse(`it is longer than ${MAX_BYTES} bytes`);
  const { spki, signed, algorithmOid, signature } = partsOf(der);
  const algorithm = signatureAlgorithmOf(algorithmOid);
  if (!algorithm) refuse(`signature algorithm ${algorithmOid} is not accepted`);
  const key = keyOf(spki);
  if (key.family !== algorithm.family) refuse('key and signature are of different kinds');
  if (!isSigned(algorithm.digest, signed, spki, signature))
    refuse('its signature does not verify: no proof of possession');
  return key;
}

/** The SubjectPublicKeyInfo in a DER request, whatever kind of key it is; nothing is verified. @throws GatehouseError `csr_invalid` */
export function spkiOfCsr(der: Uint8Array): Uint8Array {
  if (der.length > MAX_BYTES) refuse(`it is longer than ${MAX_BYTES} bytes`);
  return partsOf(der).spki;
}

interface Parts {
  readonly spki: Uint8Array;
  readonly signed: Uint8Array;
  readonly algorithmOid: string;
  readonly signature: Uint8Array;
}

/** forge judges the whole structure; the byte ranges that were signed are then cut out of the original. */
function partsOf(der: Uint8Array): Parts {
  try {
    const text = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
    forge.asn1.fromDer(forge.util.createBuffer(text), strictly);
    const outer = new DerReader(readOnly(der, tag.sequence).content);
    const info = outer.read(tag.sequence);
    const algorithmOid = readOid(enterSequence(outer));
    const signature = readBitString(outer);
    outer.end();
    const body = new DerReader(info.content);
    body.read(tag.integer);
    body.read(tag.sequence);
    return {
      spki: body.read(tag.sequence).encoded,
      signed: info.encoded,
      algorithmOid,
      signature,
    };
  } catch (thrown) {
    if (thrown instanceof GatehouseError && thrown.code === 'csr_invalid') throw thrown;
    return refuse(thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

function keyOf(spki: Uint8Array): PublicKeyInfo {
  try {
    return readPublicKeyInfo(spki);
  } catch (thrown) {
    return refuse(thrown instanceof GatehouseError ? String(thrown.details['reason']) : String(thrown), thrown);
  }
}

/**
 * The key goes in as DER: to make a KeyObject of it would cost as much as half of the verification.
 *
 * Node asks what it was given by trying it as a KeyObject and as a CryptoKey and catching what that throws. Capturing those
 * two stack traces costs a quarter of a verification, so none are captured meanwhile; all of this is synchronous.
 */
function isSigned(digest: string, signed: Uint8Array, spki: Uint8Array, signature: Uint8Array): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return verify(digest, signed, { key: Buffer.from(spki), format: 'der', type: 'spki' }, signature);
  } catch (thrown) {
    return refuse('its public key is not a point of its curve, or no key at all', thrown);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
