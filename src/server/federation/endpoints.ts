/**
 * Keeps the bundles of other trust domains as new as their endpoints have them. The last good one goes on serving whatever happens.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { FederatedDomainConfig } from '../../config/federation.ts';
import { asGatehouseError } from '../../errors.ts';
import type { Federation, Offered } from '../../identity/authority/federate/federation.ts';
import type { Ticks } from '../../lib/ticks.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Bundle, BundleSet } from '../../spiffe/bundle.ts';
import { trustDomainOf } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { type Endpoint, intervalMs, newEndpoint, setBack, troubleOf } from './endpoint.ts';
import type { EndpointProof, FetchOutcome } from './fetch-order.ts';
import type { FetchThread } from './fetch-thread.ts';

export interface EndpointsDeps {
  readonly config: Watchable<Config>;
  readonly federation: Pick<Federation, 'take'>;
  readonly bundles: Watchable<BundleSet>;
  readonly thread: Pick<FetchThread, 'fetch'>;
  readonly ticks: Ticks;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Told what is wrong after each fetch; empty: nothing. */
  readonly troubled: (what: readonly string[]) => void;
  readonly failed: (trustDomain: TrustDomain) => void;
}

/** The bundle endpoints of the configuration. */
export interface Endpoints extends Disposable {
  /** Every endpoint as it stands, by its trust domain. */
  all(): ReadonlyMap<TrustDomain, Endpoint>;
  /** Asks an endpoint at once; nothing where there is none. */
  refresh(trustDomain: TrustDomain): void;
}

const TIMEOUT_MS = 30_000;
const MOST_AT_ONCE = 8;
/** Of them, to those that failed last: eight that hang hold up no good one. */
const MOST_FAILED_AT_ONCE = 4;
/** What an endpoint says otherwise each time is told so often at most; an outage that is new, at once. */
const TELL_AGAIN_MS = 60_000;

/** Begins to fetch. */
export function watchEndpoints(deps: EndpointsDeps): Endpoints {
  const { config, federation, bundles, thread, now, log } = deps;
  const endpoints = new Map<TrustDomain, Endpoint>();
  /** Fetches that run, and whether the one before had failed. */
  const running = new Map<TrustDomain, { readonly hadFailed: boolean }>();
  let lastLook = now();
  let isOver = false;

  const heldOf = (name: TrustDomain): Bundle | undefined => bundles.value.federated.get(name);
  const tell = (): void => {
    const at = now();
    deps.troubled([...endpoints].flatMap(([name, each]) => troubleOf(each, heldOf(name), at) ?? []));
  };
  const update = (name: TrustDomain, change: Partial<Endpoint>): void => {
    const known = endpoints.get(name);
    if (known !== undefined) endpoints.set(name, { ...known, ...change });
  };

  const fail = (name: TrustDomain, failure: string, keptOut?: Bundle): void => {
    const known = endpoints.get(name);
    if (known === undefined) return;
    deps.failed(name);
    const failures = known.failures + 1;
    const at = now();
    const isTold = failure === known.failure || (failures > 1 && Math.abs(at - known.toldAt) < TELL_AGAIN_MS);
    if (!isTold) log.warn({ trustDomain: name }, `the bundle of ${name}: ${failure}`);
    const toldAt = isTold ? known.toldAt : at;
    update(name, { failure, failures, keptOut, toldAt, nextAt: at + intervalMs(heldOf(name), failures) });
  };
  const succeed = (name: TrustDomain, bundle: Bundle, offered: Offered): void => {
    if (offered.outcome === 'lower') {
      const why = `its endpoint answers sequence ${bundle.sequence}, and ${offered.heldSequence} is held; if an older one is meant: gatehouse bundle set ${name} --accept-lower --reason TEXT`;
      fail(name, why, bundle);
      return;
    }
    const at = now();
    update(name, {
      fetchedAt: at,
      failure: undefined,
      failures: 0,
      keptOut: undefined,
      nextAt: at + intervalMs(bundle),
    });
    if (offered.outcome === 'same') return;
    const says = `the bundle of ${name} has changed: ${offered.difference}`;
    if (offered.hasLost) log.warn({ trustDomain: name }, says);
    else log.info({ trustDomain: name }, says);
  };

  const fetchOne = async ({ config: each, failures }: Endpoint): Promise<void> => {
    const name = each.trustDomain;
    running.set(name, { hadFailed: failures > 0 });
    try {
      const { url } = each;
      const outcome = await outcomeOf(each, bundles.value, (proof) =>
        thread.fetch({ trustDomain: name, url, proof, networks: config.value.jwks, timeoutMs: TIMEOUT_MS }),
      );
      if (isOver || endpoints.get(name)?.config !== each) return; // it is not wanted any more
      if ('failure' in outcome) fail(name, outcome.failure);
      else succeed(name, outcome.bundle, await federation.take(outcome.bundle));
    } catch (thrown) {
      fail(name, asGatehouseError(thrown).message);
    } finally {
      running.delete(name);
      if (!isOver) {
        tell();
        startDue();
      }
    }
  };
  /** Who has waited longest is first: those that ask to be fetched every second keep nobody waiting. */
  const startDue = (): void => {
    const at = now();
    const due = [...endpoints.values()].filter(
      ({ nextAt, config: each }) => at >= nextAt && !running.has(each.trustDomain),
    );
    for (const endpoint of due.toSorted((one, other) => one.nextAt - other.nextAt)) {
      if (running.size >= MOST_AT_ONCE) return;
      const failed = running.values().filter(({ hadFailed }) => hadFailed);
      if (endpoint.failures > 0 && [...failed].length >= MOST_FAILED_AT_ONCE) continue;
      void fetchOne(endpoint);
    }
  };
  const look = (): void => {
    const at = now();
    // A clock that was set back must not put off what was due, nor when it is stale.
    if (at < lastLook) for (const [name, each] of endpoints) update(name, setBack(each, at));
    lastLook = at;
    startDue();
  };
  const match = (wanted: readonly FederatedDomainConfig[]): void => {
    const before = new Map(endpoints);
    endpoints.clear();
    for (const each of wanted) {
      const known = before.get(each.trustDomain);
      const isSame = known !== undefined && JSON.stringify(known.config) === JSON.stringify(each);
      endpoints.set(each.trustDomain, isSame ? known : newEndpoint(each, now()));
    }
    tell();
    look();
  };
  const subscriptions = [
    deps.ticks.subscribe(look),
    config.subscribe(({ federation: { trustDomains } }) => match(trustDomains)),
  ];
  match(config.value.federation.trustDomains);
  return {
    all: () => endpoints,
    refresh(name) {
      update(name, { nextAt: now() });
      look();
    },
    [Symbol.dispose]() {
      isOver = true;
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

/** By what the endpoint is to prove itself at this moment: under https_spiffe by the newest bundle of its own trust domain. */
async function outcomeOf(
  { profile }: FederatedDomainConfig,
  { own, federated }: BundleSet,
  fetch: (proof: EndpointProof) => Promise<FetchOutcome>,
): Promise<FetchOutcome> {
  if (profile.kind === 'https_web') return fetch(profile);
  const { endpointSpiffeId } = profile;
  const name = trustDomainOf(endpointSpiffeId);
  const { x509Authorities: authorities } = (name === own.trustDomain ? own : federated.get(name)) ?? {};
  if (authorities !== undefined && authorities.length > 0)
    return fetch({ kind: 'https_spiffe', endpointSpiffeId, authorities });
  return {
    failure: `nothing here can verify its endpoint ${endpointSpiffeId}: give the first bundle by hand, gatehouse bundle set ${name} FILE`,
  };
}
