import assert from 'node:assert/strict';
import type { Edge, Forecast } from '../../../../../src/identity/authority/rotate/forecast.ts';
import { rehearse } from '../../../../../src/identity/authority/rotate/rehearsal.ts';
import { createMemoryStore } from '../../../../../src/identity/authority/store/memory-store.ts';
import type { AuthorityUse } from '../../../../../src/identity/authority/store/state.ts';
import type { AckGrade } from '../../../../../src/identity/source/identity-source.ts';
import {
  entitlementOf,
  openTestAuthority,
  orderOf,
  requestOf,
  type TestAuthority,
  trustDomain,
} from '../../../../support/authority.ts';
import { defaultSettings } from '../../../../support/settings.ts';

const HOUR = 3_600_000;
const idOf = (name: string): string => entitlementOf(name).spiffeId;

const say = ({ authority }: TestAuthority, consumer: string, grade: AckGrade): void =>
  authority.acknowledge({
    consumer,
    channel: 'sds',
    spiffeIds: [entitlementOf(consumer).spiffeId],
    sequence: authority.bundles.value.own.sequence,
    grade,
  });

/** A consumer that was sent a bundle and acknowledged it so much later. */
async function settle(opened: TestAuthority, consumer: string, latencyMs: number): Promise<void> {
  await opened.authority.issueX509(requestOf(consumer));
  say(opened, consumer, 'sent');
  opened.clock.advance(latencyMs);
  say(opened, consumer, 'acknowledged');
}

async function forecastOf(
  opened: TestAuthority,
  edges: readonly Edge[] = [],
  use: AuthorityUse = 'x509',
): Promise<Forecast> {
  await opened.authority.status();
  return rehearse({
    use,
    trustDomain,
    store: createMemoryStore(opened.content),
    keys: opened.keys,
    settings: defaultSettings,
    edges,
    startAt: opened.clock.now(),
  });
}

describe('rehearse', () => {
  it('reads of the ledger only what has not expired, however much there is', async () => {
    const opened = await openTestAuthority();
    await settle(opened, 'a', 2000);
    const [row] = opened.content.ledger.values();
    opened.content.ledger.set('old', { ...row!, serial: 'old', notAfterAt: opened.clock.now() - 1 });
    await opened.authority.status();
    const store = createMemoryStore(opened.content);
    const given: string[] = [];
    const unexpired = async function* (atMs: number) {
      for await (const page of store.unexpired(atMs)) {
        given.push(...page.map(({ serial }) => serial));
        yield page;
      }
    };
    const deps = { use: 'x509', trustDomain, keys: opened.keys, settings: defaultSettings, edges: [] } as const;
    const forecast = await rehearse({
      ...deps,
      store: { snapshot: store.snapshot, unexpired },
      startAt: opened.clock.now(),
    });
    assert.equal(forecast.liveSvids, 1);
    assert.deepEqual(given, [row!.serial]);
  });

  it('forecasts when each step is safe, and a real rotation then goes so', async () => {
    const opened = await openTestAuthority();
    await settle(opened, 'a', 2000);
    await settle(opened, 'b', 5000);
    const { authority, clock } = opened;
    const forecast = await forecastOf(opened);
    assert.equal(forecast.activateSafeAt, clock.now() + 5000);
    assert.deepEqual(forecast.laggards, []);

    await authority.prepare(orderOf());
    say(opened, 'a', 'sent');
    say(opened, 'b', 'sent');
    clock.advance(2000);
    say(opened, 'a', 'acknowledged');
    assert.equal((await authority.activate(orderOf())).done, false);
    clock.advance(3000);
    say(opened, 'b', 'acknowledged');
    assert.equal(clock.now(), forecast.activateSafeAt);
    assert.equal((await authority.activate(orderOf())).done, true);
    assert.equal((await authority.taint(orderOf())).done, true);
    clock.advance((forecast.revokeSafeAt ?? 0) - clock.now() - 1);
    assert.equal((await authority.revoke(orderOf())).done, false);
    clock.advance(1);
    assert.equal((await authority.revoke(orderOf())).done, true);
  });

  it('changes nothing: store, keys, and sequence are as before', async () => {
    const opened = await openTestAuthority();
    await settle(opened, 'a', 1000);
    await opened.authority.status();
    const [state, keys, rows] = [opened.content.state, await opened.keys.list(), opened.content.ledger.size];
    await forecastOf(opened);
    assert.equal(opened.content.state, state);
    assert.deepEqual(await opened.keys.list(), keys);
    assert.equal(opened.content.ledger.size, rows);
  });

  it('names who never acknowledges, and what would break without him, as calls', async () => {
    const opened = await openTestAuthority();
    await settle(opened, 'a', 1000);
    await settle(opened, 'b', 1000);
    await opened.authority.issueX509(requestOf('silent'));
    say(opened, 'silent', 'sent');
    const edges = [
      { caller: idOf('a'), callee: idOf('silent') },
      { caller: idOf('silent'), callee: idOf('b') },
      { caller: idOf('a'), callee: idOf('x') },
    ];
    const start = opened.clock.now();
    const forecast = await forecastOf(opened, edges);
    assert.equal(forecast.activateSafeAt, undefined);
    assert.deepEqual(
      forecast.laggards.map((each) => each.consumer),
      ['silent'],
    );
    assert.ok(forecast.ifActivatedAtOnce.lacking.includes(idOf('silent')));
    assert.deepEqual(forecast.ifActivatedAtOnce.edges.slice(0, 2), edges.slice(0, 2));
    const first = forecast.ifActivatedAtOnce.firstBreakAt ?? 0;
    assert.ok(first > start && first < start + 0.56 * HOUR, 'with the first renewal of a peer');
  });

  it('takes who has left to be gone when what he holds expires', async () => {
    const opened = await openTestAuthority();
    await settle(opened, 'a', 1000);
    opened.authority.forget('a');
    const forecast = await forecastOf(opened);
    const [row] = [...opened.content.ledger.values()];
    assert.equal(forecast.activateSafeAt, row?.notAfterAt);
  });

  it('forecasts the peak of signing, paced and not', async () => {
    const opened = await openTestAuthority();
    for (let index = 0; index < 2000; index += 1) {
      opened.content.ledger.set(`s${index}`, {
        serial: `s${index}`,
        kind: 'x509',
        spiffeId: idOf('a'),
        selectors: [],
        spkiSha256: '',
        authorityId: opened.content.state?.authorities.find((each) => each.use === 'x509')?.id ?? '',
        notBeforeAt: opened.clock.now() - 10_000,
        notAfterAt: opened.clock.now() + HOUR,
        issuedAt: opened.clock.now(),
        channel: 'self',
        consumer: '',
        bundleSequence: 1,
      });
    }
    const forecast = await forecastOf(opened);
    assert.equal(forecast.liveSvids, 2000);
    assert.equal(forecast.signingPeakPerSecond.allAtOnce, 2000);
    assert.ok(forecast.signingPeakPerSecond.paced < 700);
    assert.ok(forecast.pacing.spreadMs >= 4000);
  });

  describe('of the JWT authorities', () => {
    const holdsKeys = ({ authority }: TestAuthority, name: string, grade: AckGrade): void =>
      authority.acknowledge({
        consumer: `workload-api:${name}/jwt`,
        channel: 'workload-api',
        spiffeIds: [entitlementOf(name).spiffeId],
        sequence: authority.bundles.value.own.sequence,
        grade,
        kinds: ['jwt'],
      });
    const token = async ({ authority }: TestAuthority, name: string): Promise<number> => {
      const { entitlement } = requestOf(name);
      const asked = { entitlement, selectors: [], channel: 'workload-api', audiences: ['x'] } as const;
      return (await authority.issueJwt(asked)).expiresAt;
    };

    it('waits for validators, and for the last token; and a real rotation then goes so', async () => {
      const opened = await openTestAuthority();
      const { authority, clock } = opened;
      holdsKeys(opened, 'validator', 'sent');
      say(opened, 'a', 'sent'); // lacks no key
      const forecast = await forecastOf(opened, [], 'jwt');
      const halfLife = defaultSettings.x509SvidTtlMs / 2;
      assert.equal(forecast.activateSafeAt, clock.now() + halfLife, 'a Workload API client never acknowledges');
      assert.deepEqual([forecast.use, forecast.liveSvids, forecast.laggards], ['jwt', 0, []]);

      await authority.prepare(orderOf('jwt'));
      holdsKeys(opened, 'validator', 'sent');
      clock.advance(halfLife - 1);
      const last = await token(opened, 'a');
      assert.equal((await authority.activate(orderOf('jwt'))).done, false);
      clock.advance(1);
      assert.equal((await authority.activate(orderOf('jwt'))).done, true);
      assert.equal((await authority.taint(orderOf('jwt'))).done, true);
      assert.equal((await authority.revoke(orderOf('jwt'))).done, false);
      clock.advance(last - clock.now());
      assert.equal((await authority.revoke(orderOf('jwt'))).done, true);
    });

    it('names the validator that would refuse, from when on, and whose calls', async () => {
      const opened = await openTestAuthority();
      holdsKeys(opened, 'validator', 'refused');
      const expiresAt = await token(opened, 'a');
      opened.clock.advance(1000);
      await token(opened, 'a');
      const edges = [
        { caller: idOf('a'), callee: idOf('validator') },
        { caller: idOf('tokenless'), callee: idOf('validator') },
        { caller: idOf('a'), callee: idOf('b') },
      ];
      const { ifActivatedAtOnce, liveSvids, signingPeakPerSecond } = await forecastOf(opened, edges, 'jwt');
      assert.deepEqual(ifActivatedAtOnce.lacking, [idOf('validator')]);
      assert.equal(ifActivatedAtOnce.firstBreakAt, expiresAt, 'when the first token that is out must be replaced');
      assert.deepEqual(ifActivatedAtOnce.edges, edges.slice(0, 1));
      assert.equal(liveSvids, 2);
      assert.equal(signingPeakPerSecond.allAtOnce, 0, 'a taint renews no token');
    });

    it('goes on issuing tokens until the new authority signs, so that the old one must be kept for them', async () => {
      const opened = await openTestAuthority();
      holdsKeys(opened, 'validator', 'sent');
      await token(opened, 'a');
      const { activateSafeAt = 0, revokeSafeAt = 0 } = await forecastOf(opened, [], 'jwt');
      assert.ok(revokeSafeAt > activateSafeAt);
      assert.ok(revokeSafeAt <= activateSafeAt + defaultSettings.jwtSvidTtlMs);
    });
  });
});
