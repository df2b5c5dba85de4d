import assert from 'node:assert/strict';
import { createAuthority } from '../../../../src/identity/authority/create-authority.ts';
import { createKeyEncryptionKeys, keyEncryptionKeyId } from '../../../../src/identity/authority/keys/key-encryption.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs } from '../../../../src/identity/authority/keys/signer.ts';
import type { createMemoryStore } from '../../../../src/identity/authority/store/memory-store.ts';
import { createTestClock, orderOf, trustDomain } from '../../../support/authority.ts';
import { createEmptyStore } from '../../../support/empty-store.ts';
import { defaultSettings } from '../../../support/settings.ts';

const FORMER = Buffer.alloc(32, 1);
const NEXT = Buffer.alloc(32, 2);

/** Under which of the two each key lies, or `plain`. */
async function wrapsOf(blobs: KeyBlobs): Promise<string[]> {
  const found: string[] = [];
  for (const id of await blobs.list()) {
    const bytes = (await blobs.get(id))!;
    const opens = async (key: Uint8Array): Promise<boolean> => {
      const copy = createMemoryKeyBlobs();
      await copy.put(id, bytes);
      return createLocalKeyStore(copy, key)
        .open(id)
        .then(
          () => true,
          () => false,
        );
    };
    const isPlain = Buffer.from(bytes.subarray(0, 4)).toString() !== 'GHK1';
    found.push(isPlain ? 'plain' : (await opens(FORMER)) ? 'former' : (await opens(NEXT)) ? 'next' : 'neither');
  }
  return found;
}

const open = (store: ReturnType<typeof createMemoryStore>, blobs: KeyBlobs, ...known: readonly Uint8Array[]) =>
  createAuthority({
    trustDomain,
    store,
    keys: createLocalKeyStore(
      blobs,
      createKeyEncryptionKeys(() => known),
    ),
    clock: createTestClock(),
    settings: defaultSettings,
    tickEveryMs: 0,
  });

describe('rewrap', () => {
  it('wraps at start what lies plain, whatever it is for', async () => {
    const store = createEmptyStore();
    const blobs = createMemoryKeyBlobs();
    const plain = await open(store, blobs);
    for (const use of ['x509', 'jwt'] as const) await plain.prepare(orderOf(use));
    assert.deepEqual(await wrapsOf(blobs), ['plain', 'plain', 'plain', 'plain']);
    await open(store, blobs, FORMER);
    assert.deepEqual(await wrapsOf(blobs), ['former', 'former', 'former', 'former']);
  });

  it('wraps all with the first key, while it signs, and needs the former no more', async () => {
    const store = createEmptyStore();
    const blobs = createMemoryKeyBlobs();
    const known = [FORMER];
    const authority = await open(store, blobs, ...known);
    await authority.prepare(orderOf());
    const again = await open(store, blobs, NEXT, FORMER);
    const outcome = await again.rewrap('test', 'yearly');
    assert.deepEqual([outcome.keyEncryptionKey, outcome.unreadable], [keyEncryptionKeyId(NEXT), []]);
    assert.deepEqual(await wrapsOf(blobs), ['next', 'next', 'next']);
    const [row] = await again.audit(1);
    assert.deepEqual([row?.verb, row?.reason, row?.result], ['ca rewrap', 'yearly', 'done']);
    const alone = await open(store, blobs, NEXT);
    assert.equal((await alone.activate(orderOf())).done, true);
  });

  it('goes on at the next start after it was killed at any key, and no key is ever lost', async () => {
    for (let written = 0; written < 4; written += 1) {
      const store = createEmptyStore();
      const blobs = createMemoryKeyBlobs();
      const before = await open(store, blobs, FORMER);
      for (const use of ['x509', 'jwt'] as const) await before.prepare(orderOf(use));
      let left = written;
      const dying: KeyBlobs = {
        ...blobs,
        async replace(id, bytes) {
          if (left === 0) throw new Error('killed');
          left -= 1;
          await blobs.replace!(id, bytes);
        },
      };
      // What is ordered at a server that started with the former key alone, so that nothing was wrapped at its start.
      let file: readonly Uint8Array[] = [FORMER];
      const killed = await createAuthority({
        trustDomain,
        store,
        keys: createLocalKeyStore(
          dying,
          createKeyEncryptionKeys(() => file),
        ),
        clock: createTestClock(),
        settings: defaultSettings,
        tickEveryMs: 0,
      });
      file = [NEXT, FORMER];
      await assert.rejects(killed.rewrap('test', ''), /killed/);
      const mixed = (await wrapsOf(blobs)).sort();
      assert.deepEqual(mixed, [...Array<string>(4 - written).fill('former'), ...Array<string>(written).fill('next')]);
      await open(store, blobs, NEXT, FORMER);
      assert.deepEqual(await wrapsOf(blobs), ['next', 'next', 'next', 'next']);
    }
  });

  it('names what it cannot read, and wraps the rest', async () => {
    const store = createEmptyStore();
    const blobs = createMemoryKeyBlobs();
    const authority = await open(store, blobs, FORMER);
    const other = createLocalKeyStore(createMemoryKeyBlobs(), NEXT);
    const { keyId } = await other.create('ec-p256');
    await blobs.put(keyId, Buffer.from('GHK1 and nothing that opens'));
    const outcome = await authority.rewrap('test', '');
    assert.deepEqual(outcome.unreadable, [keyId]);
  });

  it('is refused without a key-encryption key', async () => {
    const authority = await open(createEmptyStore(), createMemoryKeyBlobs());
    await assert.rejects(authority.rewrap('test', ''), {
      code: 'key_invalid',
      message: /set authority.keyEncryptionKeyFile/,
    });
  });
});
