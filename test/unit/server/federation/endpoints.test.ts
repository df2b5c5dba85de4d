import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { Config } from '../../../../src/config/config.ts';
import type { FederatedDomainConfig } from '../../../../src/config/federation.ts';
import type { Offered } from '../../../../src/identity/authority/federate/federation.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { intervalMs } from '../../../../src/server/federation/endpoint.ts';
import { watchEndpoints } from '../../../../src/server/federation/endpoints.ts';
import type { FetchOrder, FetchOutcome } from '../../../../src/server/federation/fetch-order.ts';
import type { Bundle, BundleSet } from '../../../../src/spiffe/bundle.ts';
import { parseSpiffeId } from '../../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain, type TrustDomain } from '../../../../src/spiffe/trust-domain.ts';

const bundleOf = (name: string, change: Partial<Bundle> = {}): Bundle => ({
  ...{ trustDomain: parseTrustDomain(name), sequence: 1, refreshHintSeconds: 60 },
  ...{ x509Authorities: [Buffer.from(name)], jwtAuthorities: [], ...change },
});
const other = parseTrustDomain('other.example');
const byWeb: FederatedDomainConfig = {
  ...{ trustDomain: other, url: 'https://bundle.other.example/', profile: { kind: 'https_web', ca: undefined } },
};
const bySpiffe: FederatedDomainConfig = {
  ...byWeb,
  profile: { kind: 'https_spiffe', endpointSpiffeId: parseSpiffeId('spiffe://other.example/endpoint') },
};

/** Endpoints whose thread, store and clock are the test's. */
function open(...trustDomains: readonly FederatedDomainConfig[]) {
  const at = { now: 1_000_000 };
  const orders: FetchOrder[] = [];
  /** Who does not answer yet, and how it is made to. */
  const hung = new Map<TrustDomain, (outcome: FetchOutcome) => void>();
  let outcome: FetchOutcome = { bundle: bundleOf('other.example') };
  let offered: Partial<Offered> = {};
  let troubles: readonly string[] = [];
  const said: string[] = [];
  const log = (_: unknown, text?: string): void => void said.push(text ?? '');
  let tick = (): void => undefined;
  const own = { ...bundleOf('cluster.local'), sequence: 1 };
  const bundles = createWatchable<BundleSet>({ own, intermediates: [], federated: new Map() });
  const configOf = (all: readonly FederatedDomainConfig[]) =>
    ({
      federation: { trustDomains: all, acceptForeignNamespaces: false },
      jwks: { denyNetworks: [], allowNetworks: [] },
    }) as unknown as Config; // nothing else of it is looked at
  const config = createWatchable(configOf(trustDomains));
  const held = (name: TrustDomain, bundle: Bundle): void =>
    bundles.replace({ ...bundles.value, federated: new Map([...bundles.value.federated, [name, bundle]]) });
  const endpoints = watchEndpoints({
    ...{ config, bundles, now: () => at.now, log: { info: log, warn: log }, failed: () => undefined },
    federation: {
      async take(bundle) {
        const made: Offered = {
          outcome: 'taken',
          heldSequence: undefined,
          difference: 'd',
          hasLost: false,
          ...offered,
        };
        if (made.outcome === 'taken') held(bundle.trustDomain, bundle);
        return made;
      },
    },
    thread: {
      async fetch(order) {
        orders.push(order);
        if (!hung.has(order.trustDomain)) return outcome;
        return new Promise((resolve) => hung.set(order.trustDomain, resolve));
      },
    },
    ticks: {
      subscribe(listener) {
        tick = listener;
        return () => undefined;
      },
    },
    troubled: (what) => {
      troubles = what;
    },
  });
  return {
    ...{ endpoints, orders, said, bundles, held, hung, at, config, configOf },
    answer: (next: FetchOutcome, offer: Partial<Offered> = {}) => {
      outcome = next;
      offered = offer;
    },
    troubles: () => troubles,
    /** Lets that much time pass, in one tick. */
    async pass(ms: number) {
      at.now += ms;
      tick();
      for (let i = 0; i < 5; i++) await turn();
    },
  };
}

describe('watchEndpoints', () => {
  it('fetches at once, then as often as the bundle asks', async () => {
    const { orders, pass } = open(byWeb);
    await pass(0);
    assert.equal(orders.length, 1);
    await pass(59_999);
    assert.equal(orders.length, 1);
    await pass(1);
    assert.equal(orders.length, 2);
  });

  it('keeps what it has while the endpoint fails, asks again in its rhythm, and says so when that goes on', async () => {
    const { orders, pass, answer, troubles, bundles, said, endpoints } = open(byWeb);
    await pass(0);
    answer({ failure: 'it is down' });
    await pass(60_000);
    assert.deepEqual(troubles(), []);
    assert.match(said.at(-1)!, /it is down/);
    for (let i = 0; i < 3; i++) await pass(60_000);
    assert.equal(orders.length, 5);
    assert.match(troubles()[0]!, /the bundle of other.example is stale: it is down/);
    assert.equal(bundles.value.federated.size, 1);
    assert.equal(said.filter((each) => /it is down/.test(each)).length, 1, 'once an outage');
    answer({ bundle: bundleOf('other.example') }, { outcome: 'same' });
    await pass(60_000);
    assert.deepEqual(troubles(), []);
    assert.equal(endpoints.all().get(other)?.failure, undefined);
  });

  it('asks more often at first, where there is no bundle yet', async () => {
    const { orders, pass, answer, troubles, config, configOf } = open();
    answer({ failure: 'not up' });
    config.replace(configOf([byWeb]));
    await pass(0);
    for (const ms of [5_000, 10_000, 20_000]) await pass(ms);
    assert.equal(orders.length, 4);
    assert.match(troubles()[0]!, /there is no bundle of other.example: not up/);
  });

  it('keeps a lower sequence out until another comes, and holds it ready for who accepts it', async () => {
    const { pass, answer, troubles, endpoints } = open(byWeb);
    const older = bundleOf('other.example', { sequence: 3 });
    await pass(0);
    answer({ bundle: older }, { outcome: 'lower', heldSequence: 9n });
    await pass(60_000);
    assert.match(troubles()[0]!, /kept out: its endpoint answers sequence 3, and 9 is held.*--accept-lower/);
    assert.equal(endpoints.all().get(other)?.keptOut, older);
    answer({ bundle: bundleOf('other.example', { sequence: 10 }) });
    await pass(60_000);
    assert.deepEqual(troubles(), []);
    assert.equal(endpoints.all().get(other)?.keptOut, undefined);
  });

  it('tells aloud that trust was lost', async () => {
    const { pass, answer, said } = open(byWeb);
    answer({ bundle: bundleOf('other.example') }, { hasLost: true, difference: 'without x509 ab' });
    await pass(0);
    assert.match(said.at(-1)!, /has changed: without x509 ab/);
  });

  it('verifies an https_spiffe endpoint by the newest bundle of its own trust domain, and waits for the first', async () => {
    const { orders, pass, held, troubles, endpoints } = open(bySpiffe);
    await pass(0);
    assert.equal(orders.length, 0);
    assert.match(troubles()[0]!, /gatehouse bundle set other.example FILE/);
    held(other, bundleOf('other.example'));
    endpoints.refresh(other);
    await pass(0);
    const [{ proof }] = orders as [FetchOrder];
    assert.deepEqual(proof.kind === 'https_spiffe' && proof.authorities, [Buffer.from('other.example')]);
  });

  it('verifies an endpoint of our own trust domain by our own bundle, never by another', async () => {
    const endpointSpiffeId = parseSpiffeId('spiffe://cluster.local/endpoint');
    const { orders, pass } = open({ ...byWeb, profile: { kind: 'https_spiffe', endpointSpiffeId } });
    await pass(0);
    const [{ proof }] = orders as [FetchOrder];
    assert.deepEqual(proof.kind === 'https_spiffe' && proof.authorities, [Buffer.from('cluster.local')]);
  });

  it('follows the configuration', async () => {
    const { endpoints, config, configOf, pass, orders, troubles, answer } = open(byWeb);
    await pass(0);
    answer({ failure: 'no' });
    config.replace(configOf([]));
    await pass(600_000);
    assert.deepEqual([endpoints.all().size, orders.length, troubles().length], [0, 1, 0]);
    config.replace(configOf([byWeb]));
    await pass(0);
    assert.equal(orders.length, 2);
  });

  const many = (prefix: string, count: number): readonly FederatedDomainConfig[] =>
    Array.from({ length: count }, (_, i) => ({ ...byWeb, trustDomain: parseTrustDomain(`${prefix}${i}.example`) }));

  it('lets nobody wait for those that ask to be fetched every second', async () => {
    const { orders, pass, answer } = open(...many('busy', 30), byWeb);
    answer({ bundle: bundleOf('other.example', { refreshHintSeconds: 1 }) });
    await pass(0);
    for (let second = 0; second < 3; second++) await pass(1_000);
    assert.ok(orders.some(({ trustDomain }) => trustDomain === other));
  });

  it('fetches good ones beside as many that hang as there are', async () => {
    const all = many('hung', 20);
    const { orders, pass, hung, endpoints } = open(...all, byWeb);
    const endAll = async (): Promise<void> => {
      for (const end of [...hung.values()]) end({ failure: 'no answer' });
      await pass(0);
    };
    await pass(0);
    for (const { trustDomain } of all) hung.set(trustDomain, () => undefined);
    for (const { trustDomain } of all) endpoints.refresh(trustDomain);
    for (let round = 0; round < 4; round++) {
      await endAll();
      await pass(5_000);
    }
    const before = orders.filter(({ trustDomain }) => trustDomain === other).length;
    for (let round = 0; round < 3; round++) await pass(60_000); // nobody that hangs ends
    assert.equal(orders.filter(({ trustDomain }) => trustDomain === other).length, before + 3);
  });

  it('tells an outage once a minute where it is told otherwise each time', async () => {
    const { pass, answer, said } = open(byWeb);
    const failures = (): readonly string[] => said.filter((each) => /it is down/.test(each));
    answer({ bundle: bundleOf('other.example', { refreshHintSeconds: 1 }) });
    await pass(0);
    await pass(60_000);
    for (let second = 0; second < 59; second++) {
      answer({ failure: `it is down ${second}` });
      await pass(1_000);
    }
    assert.equal(failures().length, 1);
    for (let second = 59; second < 62; second++) {
      answer({ failure: `it is down ${second}` });
      await pass(1_000);
    }
    assert.equal(failures().length, 2);
  });

  it('finds stale in time what a clock that was ahead has fetched', async () => {
    const { pass, answer, troubles } = open(byWeb);
    await pass(0);
    answer({ failure: 'it is down' });
    await pass(-86_400_000);
    for (let minute = 0; minute < 4; minute++) await pass(60_000);
    assert.match(troubles()[0] ?? '', /stale: it is down/);
  });

  it('asks all of many again when the clock was set back', async () => {
    const { orders, pass } = open(...many('each', 30));
    await pass(0);
    await pass(-86_400_000);
    assert.equal(orders.length, 60);
  });

  it('asks again when the clock was set back', async () => {
    const { orders, pass } = open(byWeb);
    await pass(0);
    await pass(-86_400_000);
    assert.equal(orders.length, 2);
  });
});

describe('intervalMs', () => {
  const cases: readonly { hint: number; want: number }[] = [
    { hint: 1, want: 1_000 },
    { hint: 300, want: 300_000 },
    { hint: 10_000_000, want: 3_600_000 },
  ];
  for (const { hint, want } of cases)
    it(`is ${want} ms for a hint of ${hint} s`, () => assert.equal(intervalMs({ refreshHintSeconds: hint }), want));
});
