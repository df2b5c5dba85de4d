/**
 * Metrics of the bundles of other trust domains.
 * @module
 */
import { Counter, Gauge, type Registry } from 'prom-client';

/** One bundle endpoint, as metrics show it. */
export interface FederatedEndpoint {
  readonly trustDomain: string;
  /** Since it last answered with a bundle that could be taken. */
  readonly ageSeconds: number;
  readonly isStale: boolean;
  /** It answers a lower sequence than the one that is held. */
  readonly isKeptOut: boolean;
}

/** What is counted of bundle endpoints. */
export interface FederationMetrics {
  set(endpoints: readonly FederatedEndpoint[]): void;
  countFailure(trustDomain: string): void;
}

/** Registers them. */
export function createFederationMetrics(register: Registry): FederationMetrics {
  const options = { registers: [register], labelNames: ['trust_domain'] as const };
  const age = new Gauge({
    ...{ name: 'gatehouse_federation_age_seconds', ...options },
    help: 'Since the bundle endpoint of that trust domain last answered with a bundle that could be taken.',
  });
  const stale = new Gauge({
    ...{ name: 'gatehouse_federation_stale', ...options },
    help: '1 while three fetches in a row brought no bundle of that trust domain.',
  });
  const keptOut = new Gauge({
    ...{ name: 'gatehouse_federation_kept_out', ...options },
    help: '1 while the endpoint of that trust domain answers a lower sequence than the one that is held.',
  });
  const failures = new Counter({
    ...{ name: 'gatehouse_federation_failures_total', ...options },
    help: 'Fetches that brought no bundle that could be taken.',
  });
  return {
    set(endpoints) {
      for (const each of [age, stale, keptOut]) each.reset();
      for (const { trustDomain: trust_domain, ageSeconds, isStale, isKeptOut } of endpoints) {
        age.set({ trust_domain }, ageSeconds);
        stale.set({ trust_domain }, isStale ? 1 : 0);
        keptOut.set({ trust_domain }, isKeptOut ? 1 : 0);
      }
    },
    countFailure: (trust_domain) => failures.inc({ trust_domain }),
  };
}
