/**
 * What the admin API answers where it does not do what was asked: every answer of status 400 and above.
 * @module
 */
import * as z from 'zod';
import { instantOrNull, list } from './fields.ts';

/** An error, e.g. `{ "code": "not_found", "message": …, "details": {} }`; docs/reference.md lists the codes. */
export const errorAnswer = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});

/** Somebody who would break if a step of rotation were taken now. */
export const blocker = z.object({
  /** Empty where unknown. */
  spiffeId: z.string(),
  /** Of the SVID that it holds; empty where it holds none that is known of. */
  serial: z.string(),
  consumer: z.string(),
  protocol: z.string(),
  /** How surely it holds a bundle: `none`, `sent`, `acknowledged`, `renewed` or `refused`. */
  grade: z.string(),
  holdsSequence: z.number(),
  needsSequence: z.number(),
  lastSeenAt: instantOrNull,
  /** When time alone will have removed it; null: not by waiting. */
  doneBy: instantOrNull,
});

export type BlockerRow = z.output<typeof blocker>;

/** `details` of `rotation_blocked`, and part of `GET /v1/authorities/gate`. */
export const gateDetails = z.object({
  /** The first of them: who does not go by waiting stands before the others. */
  blockers: list(blocker),
  /** How many there are at all. */
  blockerCount: z.number(),
  /** The `page` of `GET /v1/authorities/gate` that follows; absent after the last one. */
  next: z.string().optional(),
  /** Until time alone has removed them; null: not by waiting. */
  etaSeconds: z.number().nullable(),
});

export type GateDetails = z.output<typeof gateDetails>;
