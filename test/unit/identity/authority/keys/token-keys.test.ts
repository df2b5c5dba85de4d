import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs, Signer } from '../../../../../src/identity/authority/keys/signer.ts';
import type { Token } from '../../../../../src/identity/authority/keys/token.ts';
import { createTokenKeyStore } from '../../../../../src/identity/authority/keys/token-keys.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createFakeToken, privateIds } from '../../../../support/fake-token.ts';
import { dyingAfter, dyingBlobs, Killed, killer, openFakeClient } from '../../../../support/token-over-fake.ts';

const HOUR_MS = 3_600_000;

const storeOver = (token: Token, blobs: KeyBlobs, now = 0) =>
  createTokenKeyStore({ token, blobs, local: createLocalKeyStore(blobs), now: () => now });

async function assertSigns({ spki, sign }: Signer): Promise<void> {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  assert.ok(verify('sha256', Buffer.from('text'), key, await sign(Buffer.from('text'), 'sha256')));
}

describe('createTokenKeyStore', () => {
  for (const keyType of ['ec-p256', 'rsa-2048'] as const) {
    it(`makes keys of ${keyType} on the token, named by their id, and opens them in its next life`, async () => {
      const token = createFakeToken();
      const blobs = createMemoryKeyBlobs();
      await using client = await openFakeClient([token]);
      const keys = storeOver(client, blobs);
      const made = await keys.create(keyType);
      await keys.remote.committed(made.keyId);
      assert.deepEqual(privateIds(token), [made.keyId]);
      assert.deepEqual(await keys.list(), [made.keyId]);
      assert.equal(made.place, 'pkcs11:gatehouse');
      const opened = await storeOver(client, blobs).open(made.keyId);
      await assertSigns(opened!);
      assert.equal(Buffer.from((await blobs.get(made.keyId))!).includes('PRIVATE'), false);
    });
  }

  it('leaves nothing behind of a key whose maker was killed at any instant before its authority was written', async () => {
    for (let at = 1; ; at += 1) {
      const token = createFakeToken();
      const blobs = createMemoryKeyBlobs();
      await using client = await openFakeClient([token]);
      const step = killer(at);
      const died = await storeOver(dyingAfter(client, step), dyingBlobs(blobs, step))
        .create('ec-p256')
        .then(
          () => false,
          (thrown: unknown) => thrown instanceof Killed,
        );
      const told = await storeOver(client, blobs, HOUR_MS).remote.sweep(() => false, 0);
      assert.deepEqual(privateIds(token), [], `killed at call ${at}`);
      assert.deepEqual(await blobs.list(), [], `killed at call ${at}`);
      assert.ok(told.length <= 1);
      if (!died) return assert.ok(at > 8, `${at} calls`);
    }
  });

  it('loses no key whose authority was written, whenever it is killed after that, and whatever the token lets be renamed', async () => {
    for (const keepsIds of [false, true]) {
      for (let at = 1; at <= 3; at += 1) {
        const token = Object.assign(createFakeToken(), { keepsIds });
        const blobs = createMemoryKeyBlobs();
        await using client = await openFakeClient([token]);
        let step: () => void = () => undefined;
        const dying = storeOver(
          dyingAfter(client, () => step()),
          dyingBlobs(blobs, () => step()),
        );
        const { keyId } = await dying.create('ec-p256');
        step = killer(at);
        await dying.remote.committed(keyId).catch(() => undefined);
        const next = storeOver(client, blobs, HOUR_MS);
        assert.deepEqual(await next.remote.sweep((id) => id === keyId, 0), []);
        assert.deepEqual(await next.remote.prove([keyId]), []);
        await assertSigns((await next.open(keyId))!);
        assert.deepEqual(await blobs.list(), [keyId]);
      }
    }
  });

  it('keeps what is written down of a key that may still appear', async () => {
    const token = createFakeToken();
    const blobs = createMemoryKeyBlobs();
    await using client = await openFakeClient([token]);
    const step = killer(3); // written down, and nothing asked of the token
    await assert.rejects(storeOver(dyingAfter(client, step), dyingBlobs(blobs, step)).create('ec-p256'), Killed);
    const [name = ''] = await blobs.list();
    await storeOver(client, blobs, 1_000).remote.sweep(() => false, 0);
    assert.deepEqual(await blobs.list(), [name]);
    await client.generate('ec-p256', name); // the token had gone on
    assert.deepEqual(await storeOver(client, blobs, 2_000).remote.sweep(() => false, 0), [name]);
    assert.deepEqual([privateIds(token), await blobs.list()], [[], []]);
  });

  it('leaves nothing written of a key that the token does not make, or while it is away', async () => {
    for (const differs of [{ isLeaky: true }, { isAway: true }]) {
      const token = createFakeToken();
      const blobs = createMemoryKeyBlobs();
      await using client = await openFakeClient([token]);
      Object.assign(token, differs);
      if (token.isAway) await eventually('the token is away', () => client.trouble() !== '' || undefined);
      await assert.rejects(storeOver(client, blobs).create('ec-p256'));
      assert.deepEqual([token.objects.size, await blobs.list()], [0, []]);
    }
  });

  it('touches nothing on the token that it does not know', async () => {
    const token = createFakeToken();
    await using client = await openFakeClient([token]);
    const others = storeOver(client, createMemoryKeyBlobs());
    const { keyId } = await others.create('ec-p256');
    const ours = storeOver(client, createMemoryKeyBlobs(), HOUR_MS);
    await ours.remote.sweep(() => false, 0);
    assert.deepEqual(await ours.remote.unknown(), [keyId]);
    assert.deepEqual(privateIds(token), [keyId]);
  });

  it('destroys later what was to be destroyed while the token was away, in its next life too', async () => {
    const token = createFakeToken();
    const blobs = createMemoryKeyBlobs();
    await using client = await openFakeClient([token]);
    const keys = storeOver(client, blobs);
    const [first, second] = [await keys.create('ec-p256'), await keys.create('ec-p256')];
    token.isAway = true;
    await eventually('the token is away', () => client.trouble() !== '' || undefined);
    for (const { keyId } of [first, second]) await keys.remove(keyId);
    assert.deepEqual(await keys.list(), []);
    assert.equal(await keys.open(first.keyId), undefined);
    await keys.remote.finish();
    assert.equal(privateIds(token).length, 2);
    token.isAway = false;
    await eventually('the token is back', () => client.trouble() === '' || undefined);
    await storeOver(client, blobs).remote.sweep(() => false, 0);
    assert.deepEqual([privateIds(token), await blobs.list()], [[], []]);
  });

  it('proves keys: one that is gone from the token, or is another, signs no more', async () => {
    const token = createFakeToken();
    const blobs = createMemoryKeyBlobs();
    await using client = await openFakeClient([token]);
    const keys = storeOver(client, blobs);
    const [good, gone, other] = [
      await keys.create('ec-p256'),
      await keys.create('ec-p256'),
      await keys.create('ec-p256'),
    ];
    await client.destroy([gone.keyId, other.keyId]);
    await client.generate('ec-p256', other.keyId);
    const next = storeOver(client, blobs);
    const ids = [good.keyId, gone.keyId, other.keyId];
    assert.deepEqual(await next.remote.prove(ids), [gone.keyId, other.keyId]);
    assert.equal(await next.open(gone.keyId), undefined);
    await assertSigns((await next.open(good.keyId))!);
  });

  it('opens keys from before, and says where a key is that is elsewhere', async () => {
    const blobs = createMemoryKeyBlobs();
    const local = createLocalKeyStore(blobs, Buffer.alloc(32, 7));
    const before = await local.create('ec-p256');
    const token = createFakeToken();
    await using client = await openFakeClient([token]);
    const keys = createTokenKeyStore({ token: client, blobs, local, now: () => 0 });
    const { keyId } = await keys.create('ec-p256');
    assert.equal((await keys.open(before.keyId))?.place, 'disk');
    assert.equal(keys.remote.trouble([before.keyId]), '');
    await assert.rejects(local.open(keyId), /it is on the PKCS#11 token "gatehouse": set authority.keyStore/);
    const wrapped = await local.rewrap!('all');
    assert.deepEqual(wrapped.unreadable, []);
    const other = storeOver({ ...client, label: 'other' }, blobs);
    await assert.rejects(other.open(keyId), /is on the token "gatehouse", and authority.keyStore names "other"/);
  });
});
