import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../../src/errors.ts';
import { createAuthority } from '../../../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs } from '../../../../../src/identity/authority/keys/signer.ts';
import type { Token } from '../../../../../src/identity/authority/keys/token.ts';
import { createTokenKeyStore } from '../../../../../src/identity/authority/keys/token-keys.ts';
import { restoreBackup } from '../../../../../src/identity/authority/recover/restore.ts';
import { createMemoryStore } from '../../../../../src/identity/authority/store/memory-store.ts';
import { createTestClock, orderOf, trustDomain } from '../../../../support/authority.ts';
import { emptyContent } from '../../../../support/empty-store.ts';
import { createFakeToken } from '../../../../support/fake-token.ts';
import { makeBackup } from '../../../../support/make-backup.ts';
import { sealedBytesOf } from '../../../../support/sealed-bytes.ts';
import { defaultSettings } from '../../../../support/settings.ts';
import { openFakeClient } from '../../../../support/token-over-fake.ts';

const keyEncryptionKey = Buffer.alloc(32, 9);
const clock = createTestClock();
const keysOver = (token: Token, blobs: KeyBlobs) =>
  createTokenKeyStore({ token, blobs, local: createLocalKeyStore(blobs, keyEncryptionKey), now: clock.now });

/** A backup of an authority with an old and an active X.509 key on the token. */
async function backedUp(token: Token) {
  const content = emptyContent();
  const blobs = createMemoryKeyBlobs();
  const store = createMemoryStore(content);
  await using authority = await createAuthority({
    ...{ trustDomain, store, keys: keysOver(token, blobs), clock, settings: defaultSettings, tickEveryMs: 0 },
  });
  for (const verb of ['prepare', 'activate'] as const) await authority[verb](orderOf('x509', { override: true }));
  const idIn = (slot: string): string =>
    content.state!.authorities.find((each) => each.use === 'x509' && each.slot === slot)!.id;
  const bytes = await makeBackup({ trustDomain, store, keys: blobs, keyEncryptionKey, clock });
  return { bytes, old: idIn('old'), active: idIn('active') };
}

const restored = (bytes: Uint8Array, token: Token, keys: KeyBlobs) =>
  restoreBackup(
    sealedBytesOf(bytes),
    { who: 'uid:0', reason: 'the disk is gone', fromEmpty: true },
    {
      ...{ trustDomain, store: createMemoryStore(emptyContent()), keys, keyEncryptionKey, clock },
      openKeys: (blobs) => keysOver(token, blobs),
    },
  );

describe('restoreBackup with keys on a token', () => {
  it('brings back references alone, which the backup shows to hold', async () => {
    await using token = await openFakeClient([createFakeToken()]);
    const { bytes, old, active } = await backedUp(token);
    assert.match(Buffer.from(bytes).toString('latin1', 0, 200), /"keysOnTokens":\["gatehouse"\]/);
    const keys = createMemoryKeyBlobs();
    await restored(bytes, token, keys);
    for (const id of [old, active]) assert.ok((await keysOver(token, keys).open(id)) !== undefined, id);
  });

  it('goes on without a key that no longer signs, and not without one that would', async () => {
    await using token = await openFakeClient([createFakeToken()]);
    const { bytes, old, active } = await backedUp(token);
    await token.destroy([old]);
    const keys = createMemoryKeyBlobs();
    await restored(bytes, token, keys);
    assert.equal(await keysOver(token, keys).open(old), undefined);
    await token.destroy([active]);
    const none = createMemoryKeyBlobs();
    const refused = (thrown: unknown): boolean =>
      thrown instanceof GatehouseError && thrown.code === 'store_unusable' && /there is no key/.test(thrown.message);
    await assert.rejects(restored(bytes, token, none), refused);
    assert.deepEqual(await none.list(), []);
  });

  it('says that the token is away, as what it is', async () => {
    const fake = createFakeToken();
    await using token = await openFakeClient([fake]);
    const { bytes } = await backedUp(token);
    fake.isAway = true;
    const away = (thrown: unknown): boolean => thrown instanceof GatehouseError && thrown.code === 'keys_unavailable';
    await assert.rejects(restored(bytes, token, createMemoryKeyBlobs()), away);
  });
});
