/**
 * `/v1/entries`: who may be what, and why a process is what it is.
 * @module
 */
import * as z from 'zod';
import { list } from './fields.ts';

/** The registration entries in force. */
export const entriesAnswer = z.object({
  entries: list(
    z.object({
      spiffeId: z.string(),
      selectors: list(z.string()),
      /** A duration, e.g. `1h`. */
      x509SvidTtl: z.string(),
      /** Absent from servers before it was told. */
      jwtSvidTtl: z.string().optional(),
      dnsNames: list(z.string()),
      hint: z.string(),
      /** Other trust domains; absent from servers before it was told. */
      federatesWith: list(z.string()).optional(),
      isServiceAccount: z.boolean(),
      isRevoked: z.boolean(),
      /** Where it is written. */
      origin: z.string(),
    }),
  ),
});

export type EntriesAnswer = z.output<typeof entriesAnswer>;

/** A process of the server's machine, or a caller of a workload's own socket. */
export const entryQuestion = z.object({
  pid: z
    .union([z.int().min(1), z.string().regex(/^[1-9][0-9]{0,9}$/, 'must be a number')], { error: 'must be a number' })
    .transform(Number)
    .optional(),
  socket: z.string().optional(),
});

/** What that caller is entitled to, and what it lacks for the nearest others. */
export const entryAnswer = z.object({
  selectors: list(z.string()),
  entitled: list(z.string()),
  /** What entries give it, and is revoked. */
  revoked: list(z.string()),
  nearest: list(
    z.object({
      spiffeId: z.string(),
      origin: z.string(),
      held: list(z.string()),
      /** Empty where another entry took precedence. */
      lacked: list(z.string()),
    }),
  ),
});

export type EntryAnswer = z.output<typeof entryAnswer>;
