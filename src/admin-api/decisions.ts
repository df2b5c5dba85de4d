/**
 * `/v1/decisions`: the latest decisions, and the derivation of one of them.
 * @module
 */
import * as z from 'zod';
import { explainAnswer } from './explain.ts';
import { effect, instant, limit, list } from './fields.ts';

/**
 * A workload or its caller, as people name it: a SPIFFE ID, `NAMESPACE/SERVICEACCOUNT`, a namespace; of a caller an address, too.
 */
const party = z.string().min(1).max(2_048).optional();

/** How many decisions, and which; all that is said must hold. */
export const decisionsQuestion = z.object({
  limit: limit(100, 2_048),
  decision: effect.optional(),
  from: party,
  to: party,
  reason: z.string().min(1).max(100).optional(),
  /** The header `x-request-id`: all that have it. */
  request: z.string().min(1).max(128).optional(),
  /** `next` of an answer before: only those that have come since. */
  after: z
    .string()
    .regex(/^[0-9a-z]{1,16}-[0-9]{1,16}$/, 'must be what `next` of an answer said')
    .optional(),
});

/** A decision, as it is logged. */
export const decisionRecordShape = z.object({
  id: z.string(),
  at: instant,
  decision: effect,
  reason: z.string(),
  plane: z.string().optional(),
  /** The stage or tier that decided. */
  stage: z.string().optional(),
  owner: z.string().optional(),
  /** `namespace/name`. */
  policy: z.string().optional(),
  rule: z.number().optional(),
  dryRun: z.object({ decision: effect, policy: z.string().optional() }).optional(),
  snapshot: z.number(),
  /** What the candidate set says, where that differs. */
  candidate: z
    .object({
      result: z.string(),
      decision: effect,
      reason: z.string(),
      policy: z.string().optional(),
      rule: z.number().optional(),
    })
    .optional(),
  /** An Envoy says that it has decided so itself; absent: decided here. */
  reported: z.literal(true).optional(),
  destination: z.object({ spiffeId: z.string(), foundBy: z.string() }).optional(),
  /** Who asked over HTTP, what is wrong with his question, and what he does not say that policies read. */
  asker: z.object({ proxy: z.string(), malformed: z.string().optional(), lacks: z.string().optional() }).optional(),
  /** Address and port are absent where who asks does not see the caller's namespace. */
  source: z.object({ principal: z.string(), address: z.string().optional(), port: z.number().optional() }).optional(),
  request: z
    .object({
      /** `http` or `tcp`. */
      protocol: z.string(),
      method: z.string().optional(),
      host: z.string().optional(),
      path: z.string().optional(),
      /** The header `x-request-id`. */
      requestId: z.string().optional(),
      /** The number that Envoy itself gave the request. */
      streamId: z.string().optional(),
    })
    .optional(),
});

export type DecisionRow = z.output<typeof decisionRecordShape>;

/** The latest decisions, newest first. */
export const decisionsAnswer = z.object({
  /** `decider`: the decider elsewhere that made it and says so; absent: this server. */
  decisions: list(decisionRecordShape.extend({ decider: z.string().optional() })),
  /** What to ask `after`. This and the next: absent from servers before they were told. */
  next: z.string().optional(),
  /** With `after`: some that had come since are not here: more than `limit`, or pushed out by later ones. */
  gap: z.boolean().optional(),
  /** Deciders elsewhere whose decisions are missing, and why; absent from servers before it was told. */
  silent: list(z.object({ decider: z.string(), why: z.string() })).optional(),
});

/** Which decision: `decision_id` of Envoy's access log. */
export const whyQuestion = z.object({ id: z.string() });

/** The certificate that a Check carried of its caller. */
const callerCertificate = z.object({
  /** Lower-case hex. */
  serial: z.string(),
  uris: list(z.string()),
  /** RFC 2253; empty where it has none. */
  subject: z.string(),
  issuer: z.string(),
  notBefore: instant,
  notAfter: instant,
  /** The key that signed it, lower-case hex: of an authority of ours its id; empty where it does not say. */
  authorityKeyId: z.string(),
  spkiSha256: z.string(),
});

export type CallerCertificate = z.output<typeof callerCertificate>;

/** What the issuance log has of a caller. */
const callerIssuance = z.object({
  serial: z.string(),
  authorityId: z.string(),
  notBefore: instant,
  notAfter: instant,
  channel: z.string(),
});

const callerShape = z.object({
  /** Null where the Check carried none. */
  certificate: callerCertificate.nullable(),
  /** With a certificate its own row, else what that identity held at the time, newest first; null where who answers has no such log. */
  issued: list(callerIssuance).nullable(),
  /** Why something is not known, and what to set; empty where all is. */
  note: z.string(),
});

export type DerivedCaller = z.output<typeof callerShape>;

/** A past decision, derived again. */
export const derivationAnswer = z.object({
  record: decisionRecordShape,
  /** Who called; absent from servers before it was told, for who does not see where the caller lives, and without a request. */
  caller: callerShape.optional(),
  /** The decider elsewhere that made it and says all this; absent: this server. */
  decider: z.string().optional(),
  /** The generation of policy that decided, and the one in force. */
  snapshot: z.number(),
  inForce: z.number(),
  /** The derivation under the policies that decided; null if they, or the request, are kept no longer. */
  before: explainAnswer.nullable(),
  /** The derivation under the policies in force; null if the request is not kept. The same as `before` if they decided. */
  now: explainAnswer.nullable(),
  /** Whether the derivation reached the recorded decision; null if there is none. */
  reproduced: z.boolean().nullable(),
  notes: list(z.string()),
  /** The decision as a policy test; null without a request. */
  test: z.unknown(),
});

export type Derivation = z.output<typeof derivationAnswer>;
