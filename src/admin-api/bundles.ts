/**
 * `/v1/bundles`: our own bundle and those of other trust domains.
 * @module
 */
import * as z from 'zod';
import { instant, instantOrNull, list, reason } from './fields.ts';

/** Where a bundle is fetched, and how that goes. */
const endpoint = z.object({
  url: z.string(),
  profile: z.enum(['https_web', 'https_spiffe']),
  endpointSpiffeId: z.string().nullable(),
  /** Null: not since this server started. */
  fetchedAt: instantOrNull,
  nextAt: instant,
  /** Why the last fetch brought nothing; null: it did. */
  failure: z.string().nullable(),
  /** The lower sequence that it answers and that is not taken. */
  keptOut: z.string().nullable(),
  isStale: z.boolean(),
});

/** One trust domain. */
const bundle = z.object({
  trustDomain: z.string(),
  /** own: ours. operator: somebody has set it. none: there is an endpoint and no bundle yet. */
  from: z.enum(['own', 'endpoint', 'operator', 'none']),
  /** Nobody gets one that is not: it was fetched, and the configuration names its trust domain no more. */
  isInForce: z.boolean(),
  /** Decimal digits: it may be beyond 2^53. */
  sequence: z.string().nullable(),
  refreshHintSeconds: z.number().nullable(),
  x509Authorities: z.number(),
  jwtAuthorities: z.number(),
  changedAt: instantOrNull,
  /** How many entries federate with it. */
  entries: z.number(),
  endpoint: endpoint.nullable(),
});

/** All of them, our own first. */
export const bundlesAnswer = z.object({ bundles: list(bundle) });

export type BundleRow = z.output<typeof bundle>;

/** Which one. */
export const bundleQuestion = z.object({ trustDomain: z.string() });

/** One, with its document as SPIFFE has it; null where there is none yet. */
export const bundleAnswer = bundle.extend({ jwks: z.string().nullable() });

export type BundleAnswer = z.output<typeof bundleAnswer>;

/** Sets one. */
export const bundleOrder = z.strictObject({
  trustDomain: z.string(),
  /** The document; absent, with `acceptLower`: what its endpoint answers now and is kept out. */
  bundle: z.string().optional(),
  /** spiffe: a JWK Set. pem: certificates of X.509 authorities. */
  format: z.enum(['spiffe', 'pem']).default('spiffe'),
  acceptLower: z.boolean().default(false),
  reason,
});

/** What became of it. */
export const bundleSetAnswer = z.object({
  trustDomain: z.string(),
  outcome: z.enum(['taken', 'same']),
  sequence: z.string(),
  difference: z.string(),
  entries: z.number(),
});

export type BundleSetAnswer = z.output<typeof bundleSetAnswer>;

/** Forgets one. */
export const bundleDeletion = z.strictObject({ trustDomain: z.string(), reason });

/** What that means. */
export const bundleDeletedAnswer = z.object({
  trustDomain: z.string(),
  /** Entries whose callers do not get it any more. */
  entries: z.number(),
  /** The configuration names its endpoint, which brings it back. */
  comesBack: z.boolean(),
});

export type BundleDeletedAnswer = z.output<typeof bundleDeletedAnswer>;
