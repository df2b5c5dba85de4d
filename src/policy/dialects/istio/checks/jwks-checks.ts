/**
 * Checks the keys that stand in a RequestAuthentication itself.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import type { Reporter } from '../../../documents/finding.ts';
import type { TextValue } from '../../../documents/value.ts';
import { excessOf, type KeyWork } from '../../../token-limits.ts';

/** The members that make a key of each type (RFC 7518 §6, RFC 8037 §2). */
const membersOf: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({
    RSA: ['n', 'e'],
    EC: ['crv', 'x', 'y'],
    OKP: ['crv', 'x'],
    oct: ['k'],
  }),
);

/** Reports keys that cannot be read, and keys that hold a secret. */
export function checkJwks(jwks: TextValue, path: string, report: Reporter): void {
  const keys = keysOf(jwks.text);
  if (keys === undefined) {
    report.error(
      jwks,
      'jwks-invalid',
      path,
      'the text is not a JSON Web Key Set',
      'write {"keys": [...]} with public keys',
    );
    return;
  }
  const excess = excessOf(Buffer.byteLength(jwks.text), keys.map(workOf));
  if (excess !== undefined) {
    const fix = 'give the keys of the issuer that are in use, each its own kid';
    report.error(jwks, 'jwks-too-large', path, `the key set ${excess}`, fix);
    return;
  }
  if (keys.length === 0) {
    const message = 'the key set is empty: every token is refused, and Envoy itself refuses such a listener';
    report.warning(jwks, 'jwks-empty', path, message, 'add the keys of the issuer');
  } else if (!keys.some(isUsable)) {
    const message = 'no key fits its own alg and crv: every token is refused, and Envoy itself refuses such a listener';
    report.warning(jwks, 'jwks-unusable', path, message, 'correct alg, or leave it out');
  }
  for (const [i, key] of keys.entries()) {
    const problem = problemOf(key);
    if (problem !== undefined)
      report.error(jwks, 'jwks-invalid', path, `key ${i} ${problem}`, 'write the public key of the issuer');
    else if (holdsSecret(key)) {
      report.warning(
        jwks,
        'jwks-private-key',
        path,
        `key ${i} holds a secret; whoever can read the policy can sign tokens`,
        'write the public key only',
      );
    }
  }
}

function workOf(key: unknown): KeyWork {
  const { kid, kty, n } = isRecord(key) ? key : {};
  return {
    kid: typeof kid === 'string' ? kid : undefined,
    modulusLength: kty === 'RSA' && typeof n === 'string' ? n.length : 0,
  };
}

function keysOf(text: string): readonly unknown[] | undefined {
  const parsed = firstJson(text);
  if (!isRecord(parsed)) return undefined;
  if (!('keys' in parsed)) return [parsed];
  if (parsed['keys'] === null) return [];
  return Array.isArray(parsed['keys']) ? parsed['keys'] : undefined;
}

/** Istio reads the first JSON value of the text, whatever follows it. */
function firstJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const end = endOfObject(text);
    try {
      return end === undefined ? undefined : JSON.parse(text.slice(0, end));
    } catch {
      return undefined;
    }
  }
}

/** Where the object that a text starts with ends; undefined if it starts with none. */
function endOfObject(text: string): number | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  let depth = 0;
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token[0] === '{') depth++;
    else if (token[0] === '}' && --depth === 0) return token.index + 1;
  }
  return undefined;
}

const optionalTexts = ['kid', 'alg', 'use', 'x5u', 'x5t', 'x5t#S256'];

function problemOf(key: unknown): string | undefined {
  if (!isRecord(key)) return 'is no JSON object';
  const members = typeof key['kty'] === 'string' ? membersOf.get(key['kty']) : undefined;
  if (members === undefined) return `has no known kty (${[...membersOf.keys()].join(', ')})`;
  const missing = members.find((member) => typeof key[member] !== 'string');
  if (missing !== undefined) return `has no ${missing}`;
  const garbled = [...members, 'd'].find(
    (member) => member !== 'crv' && Object.hasOwn(key, member) && !isBase64(key[member]),
  );
  if (garbled !== undefined) return `has a ${garbled} that is not base64url`;
  const odd = optionalTexts.find((member) => typeof (key[member] ?? '') !== 'string');
  if (odd !== undefined) return `has a ${odd} that is no text`;
  const chain = key['x5c'] ?? [];
  return Array.isArray(chain) && chain.every(isCertificate) ? undefined : 'has an x5c that is no list of certificates';
}

/** The algorithms that a key of a type may name; for elliptic curves those of its curve. */
const algorithmsOf: ReadonlyMap<string, RegExp> = new Map(
  Object.entries<RegExp>({
    RSA: /^(?:RS|PS)(?:256|384|512)$/,
    'P-256': /^ES256$/,
    'P-384': /^ES384$/,
    'P-521': /^ES512$/,
    Ed25519: /^EdDSA$/,
    oct: /^HS(?:256|384|512)$/,
  }),
);

/** Tells whether Envoy takes a key at all. */
function isUsable(key: unknown): boolean {
  if (!isRecord(key)) return false;
  const { kty, crv, alg = '' } = key;
  const name = kty === 'EC' || kty === 'OKP' ? crv : kty;
  if (typeof name !== 'string' || typeof alg !== 'string') return false;
  return alg === '' ? algorithmsOf.has(name) : algorithmsOf.get(name)?.test(alg) === true;
}

/** Either alphabet, padded or not. */
function isBase64(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) return false;
  return value.replace(/=+$/, '').length % 4 !== 1;
}

function isCertificate(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    return new X509Certificate(Buffer.from(value, 'base64')).subject !== undefined;
  } catch {
    return false;
  }
}

const holdsSecret = (key: unknown): boolean => isRecord(key) && (key['kty'] === 'oct' || 'd' in key);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
