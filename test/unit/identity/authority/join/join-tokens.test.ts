import assert from 'node:assert/strict';
import { openTestAuthority } from '../../../../support/authority.ts';

describe('join tokens', () => {
  it('let in once, whoever comes first, also over a restart', async () => {
    const { authority, clock, content, keys } = await openTestAuthority();
    const { token, expiresAt } = await authority.joinTokens.create(60_000, 'uid:0', 'node 7');
    assert.equal(expiresAt, clock.now() + 60_000);
    await authority[Symbol.asyncDispose]();
    const again = await openTestAuthority({}, { clock, content, keys });
    const tries = await Promise.allSettled([1, 2, 3].map(() => again.authority.joinTokens.use(token, 'node-7')));
    assert.deepEqual(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
    await assert.rejects(again.authority.joinTokens.use(token, 'node-8'), { code: 'not_entitled' });
    const audit = await again.authority.audit(2);
    assert.deepEqual(
      audit.map(({ verb, who, reason }) => [verb, who, reason]),
      [
        ['join-token use', 'gatehouse', 'decider node-7'],
        ['join-token create', 'uid:0', 'node 7'],
      ],
    );
  });

  it('are kept only as hashes, expire, and unknown ones are refused', async () => {
    const { authority, clock, content } = await openTestAuthority();
    const { token } = await authority.joinTokens.create(60_000, 'uid:0', '');
    assert.ok(!JSON.stringify(content).includes(token));
    clock.advance(60_001);
    await assert.rejects(authority.joinTokens.use(token, 'late'), /was used, or has expired/);
    await assert.rejects(authority.joinTokens.use('gj_invented', 'x'), { code: 'not_entitled' });
  });
});
