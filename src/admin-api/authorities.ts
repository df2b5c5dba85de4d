/**
 * `/v1/authorities`: which authorities there are, the verbs of a rotation, and what a verb would meet.
 * @module
 */
import * as z from 'zod';
import { blocker, gateDetails } from './errors.ts';
import { instant, instantOrNull, limit, list, reason, use } from './fields.ts';

/** The verbs of a rotation, in the order in which it takes them; `undo` takes the last one back. */
const verbs = ['prepare', 'activate', 'taint', 'revoke', 'undo'] as const;

/** One of them. */
export type Verb = (typeof verbs)[number];

const authority = z.object({
  id: z.string(),
  /** `x509` or `jwt`. */
  use: z.string(),
  /** `prepared`, `active`, `old`, `tainted` or `revoked`. */
  slot: z.string(),
  notBefore: instant,
  notAfter: instant,
  subjectKeyId: z.string(),
  /** Where its key lives: `disk`, `memory`, `pkcs11:` and a token's label, or `destroyed`. */
  keyPlace: z.string().default(''), // older servers do not say
  /** Of the bundle that it came with. */
  publishedSequence: z.number(),
  unexpiredSvids: z.number(),
  /** When the last certificate that a kubelet holds for a pod expires; null: none holds any. */
  podCertificatesUntil: instantOrNull.default(null), // older servers do not say
  /** Who is not known to hold it; the first of them. */
  unacknowledged: list(blocker),
  unacknowledgedCount: z.number(),
  unacknowledgedNotByWaiting: z.number(),
});

export type AuthorityRow = z.output<typeof authority>;

/** How many blockers of each authority are named. */
export const authoritiesQuestion = z.object({ limit: limit(1_000, 10_000) });

/** All authorities, slot by slot. */
export const authoritiesAnswer = z.object({
  trustDomain: z.string(),
  /** Of the bundle. */
  sequence: z.number(),
  x509Authorities: list(authority),
  jwtAuthorities: list(authority),
});

export type AuthoritiesAnswer = z.output<typeof authoritiesAnswer>;

/** The order of a verb. */
export const verbOrder = z.strictObject({
  use: use.default('x509'),
  /** Its id or the beginning of it; empty: the only one that the verb can mean. */
  authorityId: z
    .string()
    .regex(/^[0-9a-f]*$/, 'an authority is named by its id in lower-case hex, or the beginning of it')
    .default(''),
  reason,
  /** Goes on although somebody would break; needs a reason. */
  override: z.boolean().default(false),
});

/** A verb that was done; a refused one is answered by the error `rotation_blocked` or `slot_state`. */
export const verbAnswer = z.object({ done: z.literal(true), authorityId: z.string(), sequence: z.number() });

export type VerbAnswer = z.output<typeof verbAnswer>;

/** The question what a verb would meet now. */
export const gateQuestion = z.strictObject({
  verb: z.enum(verbs, { error: `must be one of ${verbs.join(', ')}` }),
  use: use.default('x509'),
  authorityId: z.string().default(''),
  limit: limit(1_000, 10_000),
  /** `next` of the page before. */
  page: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,8192}$/, 'must be what `next` of the page before said')
    .optional(),
});

/** What a verb would meet now. */
export const gateAnswer = gateDetails.extend({ authorityId: z.string(), open: z.boolean() });

export type GateAnswer = z.output<typeof gateAnswer>;
