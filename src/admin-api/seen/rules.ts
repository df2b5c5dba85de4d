/**
 * `/v1/rules`: how often each rule has decided, and when last.
 * @module
 */
import * as z from 'zod';
import { counting, instant, instantOrNull, limit, list } from '../fields.ts';
import { otherRule } from '../policies.ts';

const flag = z.enum(['true', 'false'], { error: 'must be true or false' }).transform((text) => text === 'true');

/** Which rules; all that is said must hold. */
export const rulesQuestion = z.object({
  limit: limit(10_000, 100_000),
  /** `NAMESPACE/NAME`, or the bare name of what has no namespace. */
  policy: z.string().min(1).max(512).optional(),
  /** Only those that have decided nothing. */
  never: flag.optional(),
  /** Work out how those stand that have decided nothing: some seconds. */
  standing: flag.optional(),
});

const named = {
  /** `istio`, `calico`, `l4` or `site`. */
  plane: z.string(),
  /** `ingress` or `egress`. */
  direction: z.string(),
  dialect: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** Its place in the document. */
  rule: z.number(),
  /** Stays while effect and conditions of the rule stay. */
  text: z.string(),
  /** Decisions, of all deciders. */
  count: z.number(),
  lastAt: instantOrNull,
} as const;

const rule = z.object({
  ...named,
  effect: z.string(),
  /** `enforce`: it decides. `observe`, `dry-run`, `audit`: it would have, or reports. `none`: it hands on, and is not counted. */
  counts: z.enum(['enforce', 'observe', 'dry-run', 'audit', 'none']),
  file: z.string(),
  line: z.number(),
  column: z.number(),
  /** Since when it is counted here under this text. */
  since: instant,
  /** `hit`: it has decided. Else, where that was asked for, whether it ever could: `reachable`, `shadowed`, `redundant`, `unmet` by any request. */
  standing: z.enum(['hit', 'reachable', 'shadowed', 'redundant', 'unmet', 'unknown']),
  /** Of one that is `shadowed` or `redundant`: the rules that decide in its place, as far as they are seen by who asks. */
  by: list(otherRule).optional(),
});

export type RuleRow = z.output<typeof rule>;

/** A decider, and whether its numbers are in the sums. */
const counter = z.object({
  ...counting,
  /** Decisions of rules that found no row. */
  overflow: z.number(),
});

/** The rules in force, plane by plane, in the order of their stages. */
export const rulesAnswer = z.object({
  generation: z.number(),
  rules: list(rule),
  /** How many there are of those that were asked for. */
  ruleCount: z.number(),
  /** Rules that deciders elsewhere have and this server has not. */
  elsewhere: list(z.object({ decider: z.string(), ...named })),
  deciders: list(counter),
  /** Why `standing` is `unknown` of all that have decided nothing; empty: it is not. */
  standingUnknown: z.string(),
});

export type RulesAnswer = z.output<typeof rulesAnswer>;
