import assert from 'node:assert/strict';
import { openTestAuthority, requestOf } from '../../../../support/authority.ts';

const order = { kind: 'decider', value: 'node-a', who: 'test', reason: 'lost' } as const;
const request = (decider: string) => requestOf('gatehouse/decider', 'feed', `feed:${decider}`);

describe('throwing a decider out', () => {
  it('leaves nothing out of reach that was signed at the same moment', async () => {
    const { authority } = await openTestAuthority();
    const signing = Array.from({ length: 200 }, () => authority.issueX509(request('node-a')));
    const before = await authority.issueX509(request('node-a'));
    const [, ...ended] = await Promise.allSettled([authority.revokeSvid(order), ...signing]);
    const revoked = new Set(authority.revocations.value.rows.map(({ kind, value }) => `${kind} ${value}`));
    assert.ok(revoked.has(`serial ${before.serial}`));
    for (const each of ended) {
      if (each.status === 'fulfilled') assert.ok(revoked.has(`serial ${each.value.serial}`), each.value.serial);
    }
    await assert.rejects(authority.issueX509(request('node-a')), { code: 'not_entitled' });
    assert.ok(await authority.issueX509(request('node-b')));
  });

  it('ends only when it is taken back, which waits until nothing of it lives', async () => {
    const { authority, clock } = await openTestAuthority();
    await authority.issueX509(request('node-a'));
    await authority.revokeSvid(order);
    assert.equal(authority.deciderNames.isThrownOut('node-a'), true);
    await assert.rejects(authority.undoRevocation(order), { code: 'not_sound' });
    clock.advance(2 * 3_600_000);
    await authority.undoRevocation(order);
    assert.equal(authority.deciderNames.isThrownOut('node-a'), false);
    assert.ok(await authority.issueX509(request('node-a')));
  });

  it('is by the name of the certificate: one that was not enrolled has none', async () => {
    const { authority } = await openTestAuthority();
    const own = await authority.issueX509(request('node-a'));
    const workload = await authority.issueX509(requestOf('ns/default/sa/a', 'workload-api', 'feed:node-a'));
    assert.equal(await authority.deciderNames.ofSerial(own.serial), 'node-a');
    assert.equal(await authority.deciderNames.ofSerial(workload.serial), undefined);
    assert.equal(await authority.deciderNames.ofSerial('00ff'), undefined);
    await authority.revokeSvid(order);
    const serials = authority.revocations.value.rows.filter(({ kind }) => kind === 'serial');
    assert.deepEqual(
      serials.map(({ value }) => value),
      [own.serial],
    );
  });
});
