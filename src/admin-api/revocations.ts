/**
 * `/v1/revocations` and `/v1/crl`: what is refused although it has not expired.
 * @module
 */
import * as z from 'zod';
import { instant, list } from './fields.ts';

const kind = z.enum(['serial', 'id', 'spki', 'decider']);

/** What is to be revoked, or to be revoked no longer. */
export const revocationOrder = z.strictObject({
  kind,
  value: z.string().min(1).max(2048),
  reason: z.string().max(1000).default(''),
  /** Revokes by serial or key although a decider cannot see certificates; and a name that nobody has yet. */
  override: z.boolean().default(false),
});

const revocation = z.object({
  /** `serial`, `id`, `spki` or `decider`. */
  kind: z.string(),
  value: z.string(),
  /** The authority that issued that serial; empty where unknown. */
  authorityId: z.string(),
  reason: z.string(),
  revokedAt: instant,
  keptUntil: instant,
});

/** A revocation that stands, and who refuses by it already. */
export const revokedAnswer = revocation.extend({
  done: z.literal(true),
  /** Certificates that it hits and that had not expired; tokens of that ID. */
  liveSvids: z.number(),
  liveTokens: z.number(),
  /** Of the revocations. */
  sequence: z.number(),
  /** `pid` of one of this server, `decider` of one elsewhere. */
  deciders: list(z.object({ pid: z.number().optional(), decider: z.string().optional(), inForce: z.boolean() })),
  replicas: list(z.object({ name: z.string(), deciders: z.number(), inForce: z.boolean() })),
  /** Envoys that decide themselves and follow this server, by what each calls itself. */
  envoys: list(z.object({ node: z.string(), spiffeId: z.string(), inForce: z.boolean() })).default([]),
  /** On every decider, and in every Envoy that decides itself. */
  inForce: z.boolean(),
  warnings: list(z.string()),
  cannotCut: list(z.string()),
});

export type RevokedAnswer = z.output<typeof revokedAnswer>;

/** A revocation that was taken back. */
export const undoneAnswer = z.object({ done: z.literal(true), sequence: z.number() });

export type UndoneAnswer = z.output<typeof undoneAnswer>;

/** What is revoked and has not expired, newest first. */
export const revocationsAnswer = z.object({ sequence: z.number(), rows: list(revocation) });

export type RevocationsAnswer = z.output<typeof revocationsAnswer>;

/** The CRLs, one an X.509 authority that has revoked something, and the certificates that they verify with; PEM. */
export const crlAnswer = z.object({ crls: list(z.string()), bundle: z.string() });

export type CrlAnswer = z.output<typeof crlAnswer>;
