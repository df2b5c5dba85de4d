import assert from 'node:assert/strict';
import { createAuthority } from '../../../../../src/identity/authority/create-authority.ts';
import { createMemoryStore } from '../../../../../src/identity/authority/store/memory-store.ts';
import { entitlementOf, openTestAuthority, requestOf, trustDomain } from '../../../../support/authority.ts';
import { defaultSettings } from '../../../../support/settings.ts';

/** One replica issues; another one does something while the first one's ledger row is being written. */
async function issuingWhile(
  does: (other: Awaited<ReturnType<typeof openTestAuthority>>['authority']) => Promise<unknown>,
) {
  const other = await openTestAuthority();
  const { clock, keys, content } = other;
  const store = createMemoryStore(content);
  let pending: (() => Promise<unknown>) | undefined = () => does(other.authority);
  const authority = await createAuthority({
    ...{ trustDomain, keys, clock, settings: defaultSettings, tickEveryMs: 0 },
    store: {
      ...store,
      async appendLedger(...rows) {
        const now = pending;
        pending = undefined;
        await now?.();
        return store.appendLedger(...rows);
      },
    },
  });
  return authority;
}

const stolen = { who: 'uid:0', reason: 'stolen' };

describe('an SVID whose identity another replica revokes while its ledger row is written', () => {
  it('does not leave: X.509', async () => {
    const { spiffeId } = entitlementOf('a');
    const authority = await issuingWhile((other) => other.revokeSvid({ kind: 'id', value: spiffeId, ...stolen }));
    await assert.rejects(authority.issueX509(requestOf('a')), { code: 'not_entitled' });
  });

  it('does not leave: JWT', async () => {
    const entitlement = entitlementOf('a');
    const { spiffeId } = entitlement;
    const authority = await issuingWhile((other) => other.revokeSvid({ kind: 'id', value: spiffeId, ...stolen }));
    const asked = { entitlement, audiences: ['x'], selectors: [], channel: 'workload-api' as const };
    await assert.rejects(authority.issueJwt(asked), { code: 'not_entitled' });
  });

  it('leaves where it is somebody else', async () => {
    const { spiffeId } = entitlementOf('b');
    const authority = await issuingWhile((other) => other.revokeSvid({ kind: 'id', value: spiffeId, ...stolen }));
    assert.equal((await authority.issueX509(requestOf('a'))).spiffeId, entitlementOf('a').spiffeId);
  });
});
