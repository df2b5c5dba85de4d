/**
 * `/v1/audit`: what operators and the schedule did, and why.
 * @module
 */
import * as z from 'zod';
import { instant, limit, list } from './fields.ts';

/** How many rows. */
export const auditQuestion = z.object({ limit: limit(100, 10_000) });

/** Rows, newest first. */
export const auditAnswer = z.object({
  rows: list(
    z.object({
      at: instant,
      /** E.g. `uid:0 (root)`, a SPIFFE ID, `gatehouse`. */
      who: z.string(),
      /**
       * What he may by his role: `operate`; `read` where he was refused for it; empty for what nobody ordered, and from servers
       * before there were roles.
       */
      role: z.enum(['operate', 'read', '']).default(''),
      verb: z.string(),
      /** Empty where neither certificates nor tokens were meant. */
      use: z.string(),
      authorityId: z.string(),
      reason: z.string(),
      /** `done`, or the code of the refusal. */
      result: z.string(),
    }),
  ),
});

export type AuditAnswer = z.output<typeof auditAnswer>;
