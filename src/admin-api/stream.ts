/**
 * `/v1/stream`: decisions and changes of state, as they come: a line of JSON each (NDJSON), until who asks goes.
 * @module
 */
import * as z from 'zod';
import { decisionRecordShape, decisionsQuestion } from './decisions.ts';
import { instant, list } from './fields.ts';

/** Which decisions. Without `after` only what comes from now on. */
export const streamQuestion = decisionsQuestion.omit({ limit: true });

const decisions = z.object({
  type: z.literal('decisions'),
  /** Oldest first; `decider` as in `/v1/decisions`. */
  decisions: list(decisionRecordShape.extend({ decider: z.string().optional() })),
  /** What to ask `after` to go on behind these. */
  next: z.string(),
  /** Some that came before these are not here: more than a line holds, or pushed out before they were read. */
  gap: z.boolean(),
  /** How many that is; null where it is not known, or not for who asks. */
  missed: z.number().nullable(),
});

/** Sent first, and when it has changed; who reads some namespaces is told `ready` and `generation` alone. */
const state = z.object({
  type: z.literal('state'),
  at: instant,
  ready: z.boolean(),
  /** Of the policies. */
  generation: z.number(),
  /** As in `/v1/status`, like the fields that follow. */
  degraded: list(z.string()).optional(),
  waiting: z.record(z.string(), z.string()).optional(),
  /** Of the bundle; absent on a server that is only a decider. */
  bundleSequence: z.number().optional(),
  /** Since the start: what is sampled away of the decisions is counted here. */
  allowed: z.number().optional(),
  denied: z.number().optional(),
});

/** Sent when nothing else has been for five seconds, so that a dead link is seen. */
const beat = z.object({ type: z.literal('beat'), next: z.string() });

/** One line. */
export const streamEvent = z.discriminatedUnion('type', [decisions, state, beat]);

export type StreamEvent = z.output<typeof streamEvent>;
