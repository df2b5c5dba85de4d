import assert from 'node:assert/strict';
import type { StoreContent } from '../../../../../src/identity/authority/store/memory-store.ts';
import { entitlementOf, openTestAuthority, orderOf, requestOf } from '../../../../support/authority.ts';

/** What a copy of the store holds at this instant. */
const copyOf = (content: StoreContent): StoreContent => ({
  ...content,
  ledger: new Map(content.ledger),
  consumers: new Map(content.consumers),
  audit: [...content.audit],
  revocations: new Map(content.revocations),
});
const setBack = { code: 'store_unusable', message: /the store is older than it was: .*gatehouse restore FILE/ };
const revoke = (name: string) => ({
  ...({ kind: 'id', value: entitlementOf(name).spiffeId, who: 'uid:0', reason: 'stolen' } as const),
});

describe('a store that is set back under an authority that runs', () => {
  it('is not believed: nothing is issued or changed, what is revoked stays so, until the newer one is there again', async () => {
    const { authority, content } = await openTestAuthority();
    await authority.issueX509(requestOf('a'));
    const older = copyOf(content);
    await authority.revokeSvid(revoke('a'));
    const newer = copyOf(content);

    Object.assign(content, copyOf(older));
    await assert.rejects(authority.issueX509(requestOf('b')), setBack, 'before anybody has looked');
    await assert.rejects(authority.tick(), setBack);
    assert.match(authority.readiness.value.reason, setBack.message);
    await assert.rejects(authority.issueX509(requestOf('b')), setBack);
    await assert.rejects(authority.prepare(orderOf()), setBack);
    await assert.rejects(authority.joinTokens.create(60_000, 'uid:0', ''), setBack);
    assert.deepEqual([content.version, content.state], [older.version, older.state], 'nothing was written to it');
    assert.deepEqual(
      authority.revocations.value.rows.map(({ value }) => value),
      [entitlementOf('a').spiffeId],
    );

    Object.assign(content, newer);
    await authority.tick();
    assert.equal(authority.readiness.value.ready, true);
    await authority.issueX509(requestOf('b'));
    await assert.rejects(authority.issueX509(requestOf('a')), { code: 'not_entitled' });
  });

  it('is not believed when others have gone on from the older one', async () => {
    const one = await openTestAuthority();
    await one.authority.tick();
    const older = copyOf(one.content);
    await one.authority.revokeSvid(revoke('a'));
    Object.assign(one.content, older);
    const other = await openTestAuthority({}, { content: one.content, keys: one.keys, clock: one.clock });
    for (let i = 0; i < 5; i++) await other.authority.joinTokens.create(60_000, 'uid:0', '');
    await assert.rejects(one.authority.tick(), setBack);
    await assert.rejects(one.authority.issueX509(requestOf('b')), setBack);
    assert.equal(one.authority.revocations.value.rows.length, 1);
  });

  it('is not believed where its version is the same, and its authorities are not', async () => {
    const one = await openTestAuthority();
    await one.authority.prepare(orderOf());
    const older = copyOf(one.content);
    await one.authority.activate(orderOf());
    const { version } = one.content;
    Object.assign(one.content, older);
    const other = await openTestAuthority({}, { content: one.content, keys: one.keys, clock: one.clock });
    while (one.content.version < version) await other.authority.joinTokens.create(60_000, 'uid:0', '');
    assert.equal(one.content.version, version);
    await assert.rejects(one.authority.tick(), setBack);
  });

  it('takes nothing back that is missing among the revocations alone', async () => {
    const { authority, content } = await openTestAuthority();
    await authority.revokeSvid(revoke('a'));
    content.revocations.clear();
    await authority.tick();
    await assert.rejects(authority.issueX509(requestOf('a')), { code: 'not_entitled' });
  });
});
