/**
 * `/v1/ledger`: what was issued to whom, by which authority, when.
 * @module
 */
import * as z from 'zod';
import { instant, limit, list, use } from './fields.ts';

const text = z.string().optional();
const hex = z.string().regex(/^[0-9a-f]{1,64}$/, 'must be lower-case hex of at most 64 digits');

/** Which issuances. */
export const ledgerQuestion = z.object({
  spiffeId: text,
  /** Its id, or the beginning of it. */
  authorityId: hex.optional(),
  /** Of a certificate in lower-case hex, or the `jti` of a token, which is such hex too. */
  serial: hex.optional(),
  kind: use.optional(),
  /** `true`: only what has not expired. */
  unexpired: z.enum(['true', 'false'], { error: 'must be true or false' }).optional(),
  /** Issued at or after: RFC 3339, or how long ago, such as `1h`. */
  since: text,
  /** Issued before, likewise. */
  until: text,
  limit: limit(100, 10_000),
  /** `next` of the page before. */
  page: text,
});

const issuance = z.object({
  issuedAt: instant,
  /** `x509` or `jwt`. */
  kind: z.string(),
  spiffeId: z.string(),
  serial: z.string(),
  authorityId: z.string(),
  notBefore: instant,
  notAfter: instant,
  selectors: list(z.string()),
  /** Lower-case hex SHA-256 of the subject public key info; empty for a token. */
  spkiSha256: z.string(),
  channel: z.string(),
  consumer: z.string(),
  /** The bundle's sequence when it was issued. */
  bundleSequence: z.number(),
});

/** A page of issuances, newest first. */
export const ledgerAnswer = z.object({
  rows: list(issuance),
  /** The `page` that follows; absent after the last one. */
  next: z.string().optional(),
  /** Where there is nothing: the name that was probably meant. */
  nearest: z.string().optional(),
});

export type LedgerAnswer = z.output<typeof ledgerAnswer>;
