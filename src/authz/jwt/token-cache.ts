/**
 * Remembers what was found out about tokens, as long as there is room.
 *
 * Nothing in here depends on the time: `exp` and `nbf` are checked on every use. Good tokens and bad ones have rooms of their own, so that a flood of
 * junk evicts only junk.
 * @module
 */
import { hash } from 'node:crypto';
import type { Claims } from './claims.ts';
import type { ParsedToken } from './parsed-token.ts';
import type { TokenFault, TokenStatus } from './status.ts';

/** What is known of a token under one rule and one generation of keys. */
export type KnownToken =
  /** Its form or its issuer is wrong. */
  | { readonly fault: TokenFault }
  | { readonly fault: undefined; readonly token: VerifiedParts; readonly claims: Claims; readonly status: TokenStatus };

/** What is still needed of a token whose signature has been looked at. */
export type VerifiedParts = Pick<ParsedToken, 'iss' | 'sub' | 'kid' | 'nbf' | 'exp' | 'payload' | 'payloadText'>;

/** Tokens whose signatures were verified, bounded by bytes. */
export interface TokenCache {
  get(key: string): KnownToken | undefined;
  /** `bytes`: length of the token. */
  put(key: string, known: KnownToken, bytes: number): void;
  /** Estimated bytes held by good and by bad tokens. */
  readonly size: { readonly good: number; readonly bad: number };
}

/** What stands for a token: no two share one. */
export const digestOf = (token: string): string => hash('sha256', token, 'base64url');

/** The key of a token: no two of token, rule and generation share one. */
export const cacheKey = (digest: string, rule: number, generation: number): string => `${rule}.${generation}.${digest}`;

/** Creates a cache of at most `maxBytes` (an estimate that errs upwards), an eighth of it for bad tokens. */
export function createTokenCache(maxBytes: number): TokenCache {
  const bad = createRoom(Math.floor(maxBytes / 8));
  const good = createRoom(maxBytes - Math.floor(maxBytes / 8));
  return {
    get: (key) => good.get(key) ?? bad.get(key),
    put: (key, known, bytes) =>
      (known.fault === undefined && known.status === 'ok' ? good : bad).put(key, known, bytes),
    get size() {
      return { good: good.bytes, bad: bad.bytes };
    },
  };
}

interface Entry {
  readonly known: KnownToken;
  readonly bytes: number;
}

/** A map keeps the order of insertion; what is used is inserted again, so that the first is the longest unused. */
function createRoom(maxBytes: number) {
  const entries = new Map<string, Entry>();
  let held = 0;
  return {
    get bytes() {
      return held;
    },
    get(key: string): KnownToken | undefined {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.known;
    },
    put(key: string, known: KnownToken, tokenBytes: number): void {
      const bytes = estimate(known, tokenBytes);
      if (bytes > maxBytes) return;
      held += bytes - (entries.get(key)?.bytes ?? 0);
      entries.delete(key);
      entries.set(key, { known, bytes });
      for (const [oldest, entry] of entries) {
        if (held <= maxBytes) break;
        entries.delete(oldest);
        held -= entry.bytes;
      }
    },
  };
}

/** Maps and strings of a payload take several times the bytes of their Base64url form. */
const estimate = (known: KnownToken, tokenBytes: number): number =>
  known.fault === undefined ? 1024 + 16 * tokenBytes : 256;
