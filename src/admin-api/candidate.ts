/**
 * `/v1/candidate`: what the candidate set would change, as live traffic shows it.
 * @module
 */
import * as z from 'zod';
import { decisionRecordShape } from './decisions.ts';
import { explainAnswer } from './explain.ts';
import { effect, instant, limit, list } from './fields.ts';
import { finding } from './policies.ts';

const result = z.enum(['allow_to_deny', 'deny_to_allow', 'other_answer', 'error']);

/** How many differences, which of them, and whether each is to be derived. */
export const candidateQuestion = z.object({
  limit: limit(20, 1_024),
  /** `rarest` first, `newest` first, or those that came `most` often. */
  order: z.enum(['rarest', 'newest', 'most']).default('rarest'),
  result: result.optional(),
  /** Both derivations of each, of at most 50. */
  derive: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true'),
});

const verdict = z.object({
  decision: effect,
  reason: z.string(),
  plane: z.string().nullable(),
  /** `namespace/name`; null where none decided. */
  policy: z.string().nullable(),
  rule: z.number().nullable(),
});

/** Checks that differ alike. */
const difference = z.object({
  result,
  /** The first name of the peer; empty where it showed none. */
  caller: z.string(),
  /** A SPIFFE ID; empty where none was found. */
  destination: z.string(),
  /** Empty for what is no HTTP request. */
  method: z.string(),
  count: z.number(),
  firstAt: instant,
  lastAt: instant,
  inForce: verdict,
  candidate: verdict,
  /** One of them, as it is logged. */
  example: decisionRecordShape,
  /** The derivations of the example: under the policies in force when it was made, and under the candidate. Null: not asked for, or not kept. */
  derivedInForce: explainAnswer.nullable(),
  derivedCandidate: explainAnswer.nullable(),
  /** Whether both derivations come to what was decided; null without them. */
  reproduced: z.boolean().nullable(),
});

export type CandidateDifference = z.output<typeof difference>;

/** The candidate of this server. */
export const candidateAnswer = z.object({
  /** `absent`: none is configured; `broken`: it is not asked, and `why`. */
  state: z.enum(['absent', 'broken', 'comparing']),
  why: z.string(),
  /** Of a broken one. */
  findings: list(finding),
  /** Since when this candidate is held against these policies; null: it is not. */
  since: instant.nullable(),
  /** What was read, in one line. */
  summary: z.string(),
  /** SHA-256 of the contents of its files, each by itself, in order; empty: it is not compared. */
  digest: z.string(),
  /**
   * Checks since then, and what Envoys have decided themselves. `skipped`: not asked, there was no time, or it was being made ready.
   * `unsaid`: the Envoy does not tell what the candidate asks for.
   */
  counts: z.object({
    same: z.number(),
    allow_to_deny: z.number(),
    deny_to_allow: z.number(),
    other_answer: z.number(),
    error: z.number(),
    skipped: z.number(),
    unsaid: z.number().default(0),
  }),
  /** What Envoys do not tell and the candidate asks for, most often first. */
  lacks: list(z.object({ fact: z.string(), count: z.number() })).default([]),
  /** What the candidate failed with first; empty: it did not. */
  error: z.string(),
  differences: list(difference),
  /** How many rows there are, of that `result` or at all. */
  differenceCount: z.number(),
  /** Differences that are counted and in no row: there were too many kinds. */
  pushedOut: z.number(),
});

export type CandidateAnswer = z.output<typeof candidateAnswer>;
