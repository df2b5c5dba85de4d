import assert from 'node:assert/strict';
import type { Acknowledgement } from '../../../../src/identity/source/identity-source.ts';
import { createMetrics } from '../../../../src/platform/observe/metrics.ts';
import { createAuthorityLook } from '../../../../src/server/authority/authority-metrics.ts';
import { entitlementOf, openTestAuthority, orderOf, requestOf } from '../../../support/authority.ts';

describe('gatehouse_bundle_unacknowledged', () => {
  async function open() {
    const opened = await openTestAuthority();
    const { authority, clock } = opened;
    const metrics = createMetrics({ latencyBounds: [], look: (each) => createAuthorityLook(authority, each)() });
    const say = (consumer: string, word: Pick<Acknowledgement, 'channel' | 'grade' | 'kinds'>): void =>
      authority.acknowledge({
        consumer,
        spiffeIds: [entitlementOf('a').spiffeId],
        sequence: authority.bundles.value.own.sequence,
        ...word,
      });
    const value = async (): Promise<string | undefined> =>
      /^gatehouse_bundle_unacknowledged (\d+)$/m.exec(await metrics.text())?.[1];
    return { authority, clock, say, value };
  }

  it('is 0 after a client has fetched its SVID once and left', async () => {
    const { authority, clock, say, value } = await open();
    await authority.issueX509(requestOf('a', 'workload-api', 'once'));
    say('once', { channel: 'workload-api', grade: 'sent' });
    assert.equal(await value(), '0', 'a stream that is open');
    authority.forget('once');
    await authority.prepare(orderOf());
    for (const minutes of [0, 10, 25, 40]) {
      clock.advance(minutes * 60_000);
      assert.equal(await value(), '0');
    }
  });

  it('counts an Envoy that was sent a bundle and has not acknowledged it, until it has or is gone', async () => {
    const { authority, clock, say, value } = await open();
    for (const consumer of ['good', 'slow']) {
      await authority.issueX509(requestOf('a', 'sds', consumer));
      say(consumer, { channel: 'sds', grade: 'acknowledged' });
    }
    assert.equal(await value(), '0');
    await authority.prepare(orderOf());
    say('good', { channel: 'sds', grade: 'acknowledged' });
    say('slow', { channel: 'sds', grade: 'sent' });
    clock.advance(60_000);
    assert.equal(await value(), '1');
    say('slow', { channel: 'sds', grade: 'refused' });
    assert.equal(await value(), '1');
    authority.forget('slow');
    assert.equal(await value(), '0', 'what it holds ends by itself');
    say('slow', { channel: 'sds', grade: 'acknowledged' });
    assert.equal(await value(), '0');
  });

  it('counts who lacks a JWT key, too', async () => {
    const { authority, say, value } = await open();
    say('validator', { channel: 'workload-api', grade: 'refused', kinds: ['jwt'] });
    await authority.prepare(orderOf('jwt'));
    assert.equal(await value(), '1');
  });
});
