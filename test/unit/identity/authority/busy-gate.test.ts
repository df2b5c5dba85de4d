import assert from 'node:assert/strict';
import type { AuthorityUse } from '../../../../src/identity/authority/store/state.ts';
import type { Channel } from '../../../../src/identity/source/identity-source.ts';
import { createMetrics } from '../../../../src/platform/observe/metrics.ts';
import { createAuthorityLook } from '../../../../src/server/authority/authority-metrics.ts';
import { entitlementOf, openTestAuthority, orderOf, requestOf } from '../../../support/authority.ts';

const MINUTE_MS = 60_000;

async function busyMesh(gateGrade: 'sent' | 'acknowledged' | 'renewed' = 'acknowledged') {
  const opened = await openTestAuthority({ gateGrade });
  const { authority } = opened;
  /** What delivery does for a Workload API client: it signs, and sends certificate and bundle in one message. */
  const client = async (name: string): Promise<void> => {
    await authority.issueX509(requestOf(name, 'workload-api', name));
    told(name, 'workload-api');
  };
  const told = (
    consumer: string,
    channel: Channel,
    kinds: readonly AuthorityUse[] = ['x509'],
    sequence?: number,
  ): void =>
    authority.acknowledge({
      consumer,
      channel,
      spiffeIds: [entitlementOf('a').spiffeId],
      sequence: sequence ?? authority.bundles.value.own.sequence,
      grade: 'sent',
      kinds,
    });
  const blockersOf = async (verb: 'activate' | 'taint', use: AuthorityUse = 'x509') =>
    (await authority.gate(verb, { use, authorityId: '' })).blockers;
  return { ...opened, client, told, blockersOf };
}

describe('a gate of a busy cluster', () => {
  for (const grade of ['sent', 'acknowledged', 'renewed'] as const) {
    it(`opens although new clients of the Workload API never cease, with gateGrade ${grade}`, async () => {
      const { authority, clock, client } = await busyMesh(grade);
      await authority.prepare(orderOf());
      for (let i = 0; i < 5; i += 1) {
        await client(`new-${i}`);
        clock.advance(10_000);
      }
      authority.forget('new-2');
      assert.equal((await authority.activate(orderOf())).done, true);
      await client('newer');
      assert.equal((await authority.taint(orderOf())).done, true);
    });
  }

  it('still waits for the client that was there before: half a life, or until he has renewed', async () => {
    const { authority, clock, client, told, blockersOf } = await busyMesh();
    await client('old');
    await authority.prepare(orderOf());
    told('old', 'workload-api');
    await client('new');
    assert.deepEqual(
      (await blockersOf('activate')).map(({ consumer }) => consumer),
      ['old'],
    );
    clock.advance(30 * MINUTE_MS);
    assert.deepEqual(await blockersOf('activate'), []);
  });

  it('waits half of the life that his certificate really has, where an entry makes it longer', async () => {
    const { authority, clock, told, blockersOf } = await busyMesh();
    const entitlement = entitlementOf('long', 600 * MINUTE_MS);
    const held = { selectors: [], channel: 'workload-api', consumer: 'long' } as const;
    await authority.issueX509({ entitlement, ...held });
    told('long', 'workload-api');
    await authority.prepare(orderOf());
    told('long', 'workload-api');
    const halfAt = clock.now() + 300 * MINUTE_MS;
    for (const minutes of [0, 40, 259]) {
      clock.advance(minutes * MINUTE_MS);
      assert.deepEqual(
        (await blockersOf('activate')).map(({ consumer, doneBy }) => [consumer, doneBy]),
        [['long', halfAt]],
      );
    }
    clock.advance(MINUTE_MS);
    assert.deepEqual(await blockersOf('activate'), []);
  });

  it('still waits for the certificate of a client that has left and was there before', async () => {
    const { authority, client, blockersOf } = await busyMesh();
    await client('old');
    authority.forget('old');
    await authority.prepare(orderOf());
    await client('new');
    assert.deepEqual(
      (await blockersOf('activate')).map(({ consumer }) => consumer),
      ['old'],
    );
  });

  it('takes who was first given the new bundle for a holder, of roots and of keys', async () => {
    for (const use of ['x509', 'jwt'] as const) {
      const { authority, told, blockersOf } = await busyMesh();
      told('was there', 'workload-api', [use]);
      await authority.prepare(orderOf(use));
      told('was there', 'workload-api', [use]);
      told('came later', 'workload-api', [use]);
      const blockers = await blockersOf('activate', use);
      assert.deepEqual(
        blockers.map(({ consumer }) => consumer),
        ['was there'],
        use,
      );
    }
  });

  it('asks an Envoy for its acknowledgement, new or not', async () => {
    const { authority, told, blockersOf } = await busyMesh();
    await authority.prepare(orderOf());
    told('envoy', 'sds');
    const [blocker] = await blockersOf('activate');
    assert.deepEqual([blocker?.consumer, blocker?.doneBy], ['envoy', undefined]);
  });

  for (const channel of ['istio-ca', 'feed', 'workload-api'] as const) {
    it(`takes a certificate that came by ${channel} with the new bundle for enough, though nobody spoke since`, async () => {
      const { authority, blockersOf } = await busyMesh();
      await authority.prepare(orderOf());
      await authority.issueX509(requestOf('a', channel, 'never heard of'));
      assert.deepEqual(await blockersOf('activate'), []);
    });
  }
});

describe('an Envoy that takes a certificate and no bundle', () => {
  it('is in the way until it is seen to, however often it renews: named, and counted', async () => {
    const { authority, clock, told, blockersOf } = await busyMesh();
    const metrics = createMetrics({ latencyBounds: [], look: (each) => createAuthorityLook(authority, each)() });
    const counted = async () => /^gatehouse_bundle_unacknowledged (\d+)$/m.exec(await metrics.text())?.[1];
    const renews = async (): Promise<void> => {
      await authority.issueX509(requestOf('a', 'sds', 'bare'));
      told('bare', 'sds', ['x509'], 0);
    };
    await renews();
    await authority.prepare(orderOf());
    for (let i = 0; i < 4; i += 1) {
      const { blockers, etaSeconds } = await authority.gate('activate', { use: 'x509', authorityId: '' });
      assert.equal(etaSeconds, undefined, 'its next certificate comes before this one expires');
      const [blocker] = blockers;
      assert.deepEqual(
        [blockers.length, blocker?.consumer, blocker?.grade, blocker?.holdsSequence, blocker?.doneBy],
        [1, 'bare', 'none', 0, undefined],
      );
      assert.equal(await counted(), '1');
      clock.advance(30 * MINUTE_MS);
      await renews();
    }
    authority.forget('bare');
    const [left] = await blockersOf('activate');
    assert.equal(left?.doneBy, clock.now() + 60 * MINUTE_MS, 'what it holds ends by itself');
    assert.equal(await counted(), '0');
  });

  it('is one no more once it takes the bundle too', async () => {
    const { authority, told, blockersOf } = await busyMesh();
    told('envoy', 'sds', ['x509'], 0);
    await authority.prepare(orderOf());
    assert.equal((await blockersOf('activate')).length, 1);
    const { sequence } = authority.bundles.value.own;
    const word = { consumer: 'envoy', channel: 'sds', spiffeIds: [entitlementOf('a').spiffeId], sequence } as const;
    authority.acknowledge({ ...word, grade: 'acknowledged' });
    assert.deepEqual(await blockersOf('activate'), []);
  });
});
