/**
 * An authority in memory under a clock that the test owns.
 * @module
 */
import type { Authority } from '../../src/identity/authority/authority.ts';
import { type AuthorityDeps, createAuthority } from '../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../src/identity/authority/keys/local-keys.ts';
import type { KeyStore } from '../../src/identity/authority/keys/signer.ts';
import type { Order } from '../../src/identity/authority/rotate/orders.ts';
import type { AuthoritySettings } from '../../src/identity/authority/settings.ts';
import { createMemoryStore, type StoreContent } from '../../src/identity/authority/store/memory-store.ts';
import type { AuthorityUse } from '../../src/identity/authority/store/state.ts';
import type { Channel, Entitlement, X509Request } from '../../src/identity/source/identity-source.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain, type TrustDomain } from '../../src/spiffe/trust-domain.ts';
import { emptyContent } from './empty-store.ts';
import { defaultSettings } from './settings.ts';

export const trustDomain: TrustDomain = parseTrustDomain('cluster.local');

export interface TestClock {
  now(): number;
  /** Lets so much time pass; less than nothing is a leap back. */
  advance(ms: number): void;
  /** Milliseconds that have passed, whatever the clock said; absent: those of this process. */
  passedMs?(): number;
}

export interface LeapingClock extends TestClock {
  /** Sets the clock on or back, without that any time passes. */
  leap(ms: number): void;
}

/** Starts at a whole second. */
export function createTestClock(startAt = Date.parse('2030-01-01T00:00:00Z')): LeapingClock {
  let at = startAt;
  let passedMs = 0;
  return {
    now: () => at,
    advance(ms) {
      at += ms;
      passedMs += Math.max(ms, 0);
    },
    leap(ms) {
      at += ms;
    },
    passedMs: () => passedMs,
  };
}

export interface TestAuthority {
  readonly authority: Authority;
  readonly clock: TestClock;
  readonly content: StoreContent;
  readonly keys: KeyStore;
}

/** Opens an authority; the same `content` and `keys` again are a restart. */
export async function openTestAuthority(
  settings: Partial<AuthoritySettings> = {},
  kept: Partial<Omit<TestAuthority, 'authority'>> & Pick<Partial<AuthorityDeps>, 'upstream'> = {},
): Promise<TestAuthority> {
  const clock = kept.clock ?? createTestClock();
  const content = kept.content ?? emptyContent();
  const keys = kept.keys ?? createLocalKeyStore(createMemoryKeyBlobs());
  const authority = await createAuthority({
    trustDomain,
    store: createMemoryStore(content),
    keys,
    clock,
    ...(clock.passedMs && { monotonicMs: clock.passedMs }),
    settings: { ...defaultSettings, ...settings },
    tickEveryMs: 0,
    ...(kept.upstream ? { upstream: kept.upstream } : {}),
  });
  return { authority, clock, content, keys };
}

/** What the workload of that name may be, for an hour. */
export function entitlementOf(name: string, x509SvidTtlMs = 3_600_000): Entitlement {
  return {
    spiffeId: parseSpiffeId(`spiffe://cluster.local/ns/default/sa/${name}`),
    x509SvidTtlMs,
    jwtSvidTtlMs: 300_000,
    dnsNames: [],
    hint: '',
    federatesWith: [],
  };
}

export function requestOf(name: string, channel: Channel = 'sds', consumer = name): X509Request {
  return { entitlement: entitlementOf(name), selectors: [], channel, consumer };
}

export function orderOf(use: AuthorityUse = 'x509', change: Partial<Order> = {}): Order {
  return { use, authorityId: '', who: 'uid:0', reason: 'test', override: false, ...change };
}
