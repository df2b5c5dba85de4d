/**
 * The question that an API server asks: an AdmissionReview, as far as it matters here.
 * @module
 */
import * as z from 'zod';
import { oneLine } from '../../lib/printable.ts';

const REVIEW_API = 'admission.k8s.io/v1';

/** More than two objects of the largest size that a cluster stores. */
export const MOST_REVIEW_BYTES = 3 * 1024 * 1024;

const object = z.record(z.string(), z.unknown());
const orNothing = object.nullish().transform((value) => value ?? undefined);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const requestSchema = z.object({
  uid: z.string().min(1).max(256),
  kind: z.object({ group: text, version: z.string(), kind: z.string() }),
  subResource: text,
  name: text,
  namespace: text,
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  userInfo: z
    .object({ username: text })
    .nullish()
    .transform((value) => value?.username ?? ''),
  object: orNothing,
  oldObject: orNothing,
  dryRun: z
    .boolean()
    .nullish()
    .transform((value) => value === true),
});

/** What is asked. `userInfo` is the user's name. */
export type ReviewRequest = z.output<typeof requestSchema>;

/** A question that can be answered; or why not, with the status of HTTP that says so. */
export type ReadReview =
  | { readonly ok: true; readonly request: ReviewRequest }
  | { readonly ok: false; readonly status: number; readonly why: string };

/** Reads the body of a question; anything at all may be in it. */
export function readReview(body: Buffer): ReadReview {
  const review = jsonOf(body);
  if (typeof review !== 'object' || review === null || Array.isArray(review))
    return refused('the body is no JSON object: an AdmissionReview is wanted');
  const { apiVersion, kind, request } = review as Readonly<Record<string, unknown>>; // JSON: any of them may be anything
  if (apiVersion !== REVIEW_API || kind !== 'AdmissionReview')
    return refused(
      `the body is a ${shown(kind)} of ${shown(apiVersion)}, and only an AdmissionReview of ${REVIEW_API} is answered: write admissionReviewVersions: [v1]`,
    );
  const read = requestSchema.safeParse(request);
  if (read.success) return { ok: true, request: read.data };
  const [issue] = read.error.issues;
  return refused(
    `request.${issue?.path.join('.') ?? ''} of the AdmissionReview: ${issue?.message ?? 'it cannot be read'}`,
  );
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

const refused = (why: string): ReadReview => ({ ok: false, status: 400, why });

const shown = (value: unknown): string =>
  typeof value === 'string' ? oneLine(JSON.stringify(value.slice(0, 100))) : 'nothing that is named';
