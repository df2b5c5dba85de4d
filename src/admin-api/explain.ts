/**
 * `/v1/explain`: what the policies in force say of a request, and why.
 * @module
 */
import * as z from 'zod';
import { effect, list } from './fields.ts';
import { pairForm, requestForm } from './request-form.ts';

/** What is to be explained, in one of four forms. */
export const explainQuestion = z.union([
  z.strictObject({
    request: requestForm,
    /** The caller is believed to be who the request says, without a certificate: what do policies say of it? */
    believePeer: z.literal(true).optional(),
  }),
  /** The bytes of a CheckRequest in base64. */
  z.strictObject({ checkRequest: z.string() }),
  z.strictObject({ pair: pairForm }),
  requestForm,
]);

export type ExplainQuestion = z.input<typeof explainQuestion>;

const clause = z.object({
  /** E.g. `method`, `principal`, `header x-team`. */
  fact: z.string(),
  /** The request's own values; empty where it has none. */
  values: list(z.string()),
  /** `is` or `is not` one of the patterns. */
  relation: z.string(),
  patterns: list(z.string()),
  /** One sentence. */
  text: z.string(),
});

export type Clause = z.output<typeof clause>;

const rule = z.object({
  rule: z.number(),
  effect: z.string(),
  line: z.number(),
  holds: z.boolean(),
  /** Why it holds, or what keeps it from holding. */
  clauses: list(clause),
});

export type ExplainedRule = z.output<typeof rule>;

const policy = z.object({
  policy: z.string(),
  kind: z.string(),
  owner: z.string().nullable(),
  file: z.string(),
  line: z.number(),
  /** `enforce` or `dry-run`. */
  mode: z.string(),
  /** `yes` or `unknown`. */
  applies: z.string(),
  rules: list(rule),
});

export type ExplainedPolicy = z.output<typeof policy>;

const stage = z.object({
  plane: z.string(),
  /** `enforce` or `observe`. */
  mode: z.string(),
  stage: z.string(),
  /** Planes of tiers only: whose policies were asked, the destination's (`ingress`) or the source's (`egress`). */
  direction: z.string().optional(),
  /** The pod whose egress was asked. */
  endpoint: z.string().optional(),
  /** `allow`, `deny` or `continue`. */
  decision: z.string(),
  said: z.string(),
  policies: list(policy),
});

export type ExplainedStage = z.output<typeof stage>;

const nearMiss = z.object({
  plane: z.string(),
  stage: z.string(),
  direction: z.string().optional(),
  policy: z.string(),
  kind: z.string(),
  owner: z.string().nullable(),
  rule: z.number(),
  file: z.string(),
  line: z.number(),
  failedClauses: z.number(),
  /** The first clause that does not hold, and where it stands; null where its file cannot tell. */
  first: clause.extend({
    path: z.string().nullable(),
    line: z.number().nullable(),
    column: z.number().nullable(),
  }),
});

export type NearMiss = z.output<typeof nearMiss>;

/** What would turn the decision round: another request, another policy. */
const flip = z.object({
  request: z
    .object({
      changes: list(z.object({ fact: z.string(), from: list(z.string()), to: list(z.string()) })),
      text: z.string(),
      decision: effect,
    })
    .optional(),
  policy: z
    .object({
      policy: z.string(),
      kind: z.string(),
      owner: z.string().nullable(),
      /** Null where no single rule changes. */
      rule: z.number().nullable(),
      file: z.string(),
      line: z.number(),
      text: z.string(),
      /** A unified diff of the file. */
      diff: z.string(),
      decision: effect,
    })
    .optional(),
});

export type Flip = z.output<typeof flip>;

/** Who decided: the policy as `namespace/name`; null where none did. */
const verdict = { decision: effect, reason: z.string(), policy: z.string().nullable(), rule: z.number().nullable() };

/** One decision, explained. */
export const explainAnswer = z.object({
  ...verdict,
  /** One sentence. */
  summary: z.string(),
  destination: z
    .object({
      spiffeId: z.string(),
      namespace: z.string(),
      /** Null where nobody told them. */
      labels: z.record(z.string(), z.string()).nullable(),
      foundBy: z.string(),
    })
    .nullable(),
  /** The verdict if every dry-run policy were enforced; null where none is. */
  dryRun: z.object({ decision: effect, policy: z.string().nullable() }).nullable(),
  /** What each plane says, enforced or observed; `flip` of an observed one. */
  planes: list(z.object({ plane: z.string(), mode: z.string(), ...verdict, flip: flip.optional() })),
  /** The generation of policy that was asked. */
  snapshot: z.number(),
  /** What was asked, without its secrets; null where the bytes are no request. */
  request: z.looseObject({}).nullable(),
  stages: list(stage),
  nearMisses: list(nearMiss),
  flip,
});

export type ExplainAnswer = z.output<typeof explainAnswer>;
