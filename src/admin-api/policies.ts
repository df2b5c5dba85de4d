/**
 * `/v1/policies`: what is in force, and what files say that is not.
 * @module
 */
import * as z from 'zod';
import { list } from './fields.ts';

/** A rule, or a whole policy, that something said of another is about too. */
export const otherRule = z.object({
  kind: z.string(),
  /** `NAMESPACE/NAME`, or `NAME` where there is no namespace. */
  policy: z.string(),
  /** Null: the whole document. */
  rule: z.number().nullable(),
  file: z.string(),
  line: z.number(),
  column: z.number(),
});

/** One thing that is wrong, or may be. */
export const finding = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  /** `error` or `warning`. */
  severity: z.string(),
  code: z.string(),
  /** Field path; empty for the document as a whole. */
  path: z.string(),
  message: z.string(),
  fix: z.string(),
  /** The other rules or policies that it is about; absent where there is none. */
  others: list(otherRule).optional(),
});

const policy = z.object({
  dialect: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  file: z.string(),
  line: z.number(),
  column: z.number(),
  /** Who answers for it; absent where nobody is named. */
  owner: z.string().optional(),
  /** `dry-run`: it is evaluated and reported, and decides nothing; absent where it decides. */
  mode: z.enum(['dry-run']).optional(),
  /** Whether it applies to the workload that was asked about: `yes`, `no`, or `unknown` where its labels are not known. */
  applies: z.enum(['yes', 'no', 'unknown']).optional(),
});

/** Of which workload is to be told what applies to it; absent: of none. */
export const policiesQuestion = z.object({
  workload: z
    .string()
    .max(2_048)
    .regex(/^[^/]+\/./, 'must be NAMESPACE/SERVICEACCOUNT, NAMESPACE/POD or a SPIFFE ID')
    .optional(),
});

/** The policies in force, plane by plane, stage by stage. */
export const policiesAnswer = z.object({
  generation: z.number(),
  counts: list(z.object({ dialect: z.string(), kind: z.string(), count: z.number() })),
  /** By `group/kind` of documents that are no policy of ours, how many there are. */
  skipped: z.record(z.string(), z.number()),
  /** Counts and skipped in one line. */
  summary: z.string(),
  /** `file:line` of what keeps a file from coming into force. */
  degraded: list(z.string()),
  /** `owner`: of the policy in force that stands there, else of the directory; absent where nobody is named. */
  findings: list(finding.extend({ owner: z.string().optional() })),
  planes: list(
    z.object({
      id: z.string(),
      mode: z.string(),
      stages: list(
        z.object({
          kind: z.string(),
          /** For people: `DENY`, a tier's name; absent where the kind says all, and from servers before it was told. */
          name: z.string().optional(),
          /** Of tiers: whose policies are asked, the destination's (`ingress`) or the source's (`egress`). */
          direction: z.enum(['ingress', 'egress']).optional(),
          policies: list(policy),
        }),
      ),
    }),
  ),
});

export type PoliciesAnswer = z.output<typeof policiesAnswer>;

/** Which file, by the name that policies and findings have it. */
export const policyFileQuestion = z.object({ file: z.string().min(1).max(4_096) });

/** The text of a policy file as it is now, which may be newer than what is in force. */
export const policyFileAnswer = z.object({ file: z.string(), text: z.string() });
