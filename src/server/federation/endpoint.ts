/**
 * What is known of one bundle endpoint, and when it is asked again.
 * @module
 */
import type { FederatedDomainConfig } from '../../config/federation.ts';
import type { FederatedEndpoint } from '../../platform/observe/federation-metrics.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/** Between two fetches: as the bundle asks for, within these. */
const INTERVAL_MS = { least: 1_000, most: 3_600_000 } as const;
/** While there is no bundle at all that could say how often: the first wait, and the longest. */
const WITHOUT_MS = { first: 5_000, most: 300_000 } as const;
/** What was not had for so many intervals is stale: the other side publishes a new key that long before it is used. */
const STALE_INTERVALS = 3;
/** Nothing is stale sooner: a fetch may take as long. */
const LEAST_STALE_MS = 60_000;

/** An endpoint as it stands. */
export interface Endpoint {
  readonly config: FederatedDomainConfig;
  /** When it was fetched last and what came was good; undefined: not since the start. Milliseconds since 1970. */
  readonly fetchedAt: number | undefined;
  /** Since when it has not been: `fetchedAt`, or when we began to ask. */
  readonly sinceAt: number;
  /** When it is asked next. */
  readonly nextAt: number;
  /** Failures since it was fetched last. */
  readonly failures: number;
  /** Why it failed last; undefined: it did not. */
  readonly failure: string | undefined;
  /** When a failure was told last. */
  readonly toldAt: number;
  /** What it answers and is not taken, since its sequence is lower than that of the bundle that is held. */
  readonly keptOut: Bundle | undefined;
}

/** One that is asked at once. */
export const newEndpoint = (config: FederatedDomainConfig, now: number): Endpoint => ({
  ...{
    config,
    fetchedAt: undefined,
    sinceAt: now,
    nextAt: now,
    failures: 0,
    failure: undefined,
    toldAt: 0,
    keptOut: undefined,
  },
});

/** As it stands once the clock was set back to `now`: asked at once, and nothing of it is later. */
export const setBack = (endpoint: Endpoint, now: number): Endpoint => ({
  ...endpoint,
  fetchedAt: endpoint.fetchedAt && Math.min(endpoint.fetchedAt, now),
  sinceAt: Math.min(endpoint.sinceAt, now),
  nextAt: now,
});

/** How long to wait between fetches. @param held  the bundle that is held; undefined: there is none */
export function intervalMs(held: Pick<Bundle, 'refreshHintSeconds'> | undefined, failures = 0): number {
  if (held === undefined) return Math.min(WITHOUT_MS.most, WITHOUT_MS.first * 2 ** Math.max(0, failures - 1));
  return Math.min(INTERVAL_MS.most, Math.max(INTERVAL_MS.least, held.refreshHintSeconds * 1_000));
}

/** Whether what is held has not been confirmed for too long. */
export function isStale({ sinceAt, fetchedAt }: Endpoint, held: Bundle | undefined, now: number): boolean {
  return now - (fetchedAt ?? sinceAt) > Math.max(LEAST_STALE_MS, STALE_INTERVALS * intervalMs(held));
}

/** What there is to tell of it, for people; undefined while all is well. */
export function troubleOf(endpoint: Endpoint, held: Bundle | undefined, now: number): string | undefined {
  const { failure, keptOut, config } = endpoint;
  if (failure === undefined) return undefined;
  const name = config.trustDomain;
  if (keptOut !== undefined) return `the bundle of ${name} is kept out: ${failure}`;
  if (held === undefined) return `there is no bundle of ${name}: ${failure}`;
  if (isStale(endpoint, held, now)) return `the bundle of ${name} is stale: ${failure}`;
  return undefined;
}

/** All endpoints, as metrics show them. */
export function shownEndpoints(
  all: ReadonlyMap<TrustDomain, Endpoint>,
  held: ReadonlyMap<TrustDomain, Bundle>,
  now: number,
): readonly FederatedEndpoint[] {
  return [...all].map(([trustDomain, each]) => ({
    trustDomain,
    ageSeconds: Math.max(0, now - (each.fetchedAt ?? each.sinceAt)) / 1_000,
    isStale: isStale(each, held.get(trustDomain), now),
    isKeptOut: each.keptOut !== undefined,
  }));
}
