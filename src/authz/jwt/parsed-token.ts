/**
 * Takes a token apart, in the order in which Envoy's library does, so that the first fault is the same one.
 * @module
 */
import { isAlgorithm } from './algorithms.ts';
import { decodeBase64Url } from './base64url.ts';
import type { Claims } from './claims.ts';
import { parseJsonObject } from './json.ts';
import type { TokenFault } from './status.ts';

/** A token whose form is right; nothing is verified yet. Instants are seconds since 1970. */
export interface ParsedToken {
  readonly alg: string;
  /** Empty: none. */
  readonly kid: string;
  /** Empty: none. */
  readonly iss: string;
  readonly sub: string;
  readonly audiences: readonly string[];
  /** 0: none. */
  readonly nbf: number;
  /** 0: never expires. */
  readonly exp: number;
  readonly payload: Claims;
  /** The payload as it stands in the token. */
  readonly payloadText: string;
  /** What was signed. */
  readonly signedText: string;
  /** A byte string. */
  readonly signature: string;
}

/** Longest token that is looked at, in bytes. Envoy has no bound of its own below that of its headers (60 KiB). */
export const maxTokenBytes = 16384;

/** Parses a token (a byte string of any content), or says what is wrong with it. Never throws. */
export function parseToken(token: string): ParsedToken | TokenFault {
  if (token.length > maxTokenBytes) return 'badFormat';
  const sections = token.split('.').filter((section) => section !== '');
  const [headerText, payloadText, signatureText] = sections;
  if (sections.length !== 3 || !headerText || !payloadText || !signatureText) return 'badFormat';

  const header = readSection(headerText, 'headerBadBase64', 'headerBadJson');
  if (typeof header === 'string') return header;
  const alg = header.get('alg');
  if (typeof alg !== 'string') return 'headerBadAlg';
  if (!isAlgorithm(alg)) return 'headerAlgNotSupported';
  const kid = header.get('kid') ?? '';
  if (typeof kid !== 'string' || header.get('kid') === null) return 'headerBadKid';

  const payload = readSection(payloadText, 'payloadBadBase64', 'payloadBadJson');
  if (typeof payload === 'string') return payload;
  const claims = readClaims(payload);
  if (typeof claims === 'string') return claims;
  const signature = decodeBase64Url(signatureText);
  if (signature === undefined) return 'signatureBadBase64';
  return { alg, kid, ...claims, payload, payloadText, signedText: `${headerText}.${payloadText}`, signature };
}

function readSection(text: string, badBase64: TokenFault, badJson: TokenFault): Claims | TokenFault {
  const json = decodeBase64Url(text);
  return json === undefined ? badBase64 : (parseJsonObject(json) ?? badJson);
}

type RegisteredClaims = Pick<ParsedToken, 'iss' | 'sub' | 'audiences' | 'nbf' | 'exp'>;

/** The registered claims (RFC 7519 §4.1), checked in Envoy's order. A claim that is null is there, and of the wrong type. */
function readClaims(payload: Claims): RegisteredClaims | TokenFault {
  const iss = text(payload, 'iss');
  if (iss === undefined) return 'issNotString';
  const sub = text(payload, 'sub');
  if (sub === undefined) return 'subNotString';
  const iat = instant(payload, 'iat', 'iatNotInteger', 'iatOutOfRange');
  if (typeof iat === 'string') return iat;
  const nbf = instant(payload, 'nbf', 'nbfNotInteger', 'nbfOutOfRange');
  if (typeof nbf === 'string') return nbf;
  const exp = instant(payload, 'exp', 'expNotInteger', 'expOutOfRange');
  if (typeof exp === 'string') return exp;
  if (text(payload, 'jti') === undefined) return 'jtiNotString';
  const audiences = texts(payload, 'aud');
  return audiences === undefined ? 'audNotString' : { iss, sub, audiences, nbf, exp };
}

/** A string claim; empty if it is missing, undefined if it is anything else. */
function text(payload: Claims, name: string): string | undefined {
  const value = payload.has(name) ? payload.get(name) : '';
  return typeof value === 'string' ? value : undefined;
}

const twoToThe64 = 2 ** 64;

/** A number claim as Envoy keeps it: a double cut to whole seconds; 0 if it is missing. */
function instant(payload: Claims, name: string, wrongType: TokenFault, outOfRange: TokenFault): number | TokenFault {
  const value = payload.has(name) ? payload.get(name) : 0;
  if (typeof value !== 'number') return wrongType;
  return value < 0 || value >= twoToThe64 ? outOfRange : Math.trunc(value);
}

function texts(payload: Claims, name: string): readonly string[] | undefined {
  const value = payload.has(name) ? payload.get(name) : [];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((element) => typeof element === 'string') ? value : undefined;
}
