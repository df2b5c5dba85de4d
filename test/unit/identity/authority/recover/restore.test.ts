import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../../src/errors.ts';
import type { Authority } from '../../../../../src/identity/authority/authority.ts';
import { createAuthority } from '../../../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs } from '../../../../../src/identity/authority/keys/signer.ts';
import {
  type Restored,
  type RestoreOrder,
  restoreBackup,
} from '../../../../../src/identity/authority/recover/restore.ts';
import { createMemoryStore, type StoreContent } from '../../../../../src/identity/authority/store/memory-store.ts';
import { type AuthorityUse, stateFromText, stateToText } from '../../../../../src/identity/authority/store/state.ts';
import { createTestClock, entitlementOf, orderOf, requestOf, trustDomain } from '../../../../support/authority.ts';
import { emptyContent } from '../../../../support/empty-store.ts';
import { foreignBundle } from '../../../../support/foreign-bundle.ts';
import { makeBackup } from '../../../../support/make-backup.ts';
import { sealedBytesOf } from '../../../../support/sealed-bytes.ts';
import { defaultSettings } from '../../../../support/settings.ts';

const keyEncryptionKey = Buffer.alloc(32, 9);
const clock = createTestClock();
const forced = (use: AuthorityUse) => orderOf(use, { override: true });
const over: RestoreOrder = { who: 'uid:0', reason: '', fromEmpty: false };
const lost: RestoreOrder = { who: 'uid:0', reason: 'the disk is gone', fromEmpty: true };

/** A store and its keys, which outlive the authority that is opened over them. */
interface Place {
  readonly content: StoreContent;
  readonly keys: KeyBlobs;
}

const newPlace = (): Place => ({ content: emptyContent(), keys: createMemoryKeyBlobs() });
const depsOf = ({ content, keys }: Place) => ({
  trustDomain,
  store: createMemoryStore(content),
  keys,
  keyEncryptionKey,
  clock,
});

const authorityOf = ({ content, keys }: Place): Promise<Authority> =>
  createAuthority({
    trustDomain,
    store: createMemoryStore(content),
    keys: createLocalKeyStore(keys, keyEncryptionKey),
    clock,
    settings: defaultSettings,
    tickEveryMs: 0,
  });

/** Opens the authority, lets `work` happen, and closes it; a moment later by the clock. */
async function during<T>(place: Place, work: (authority: Authority) => Promise<T>): Promise<T> {
  await using authority = await authorityOf(place);
  clock.advance(1000);
  const result = await work(authority);
  clock.advance(1000);
  return result;
}

const backupOf = (place: Place): Promise<Uint8Array> => makeBackup(depsOf(place));
const restore = (bytes: Uint8Array, place: Place, order = over): Promise<Restored> =>
  restoreBackup(sealedBytesOf(bytes), order, depsOf(place));

/** The same place as it is now, which goes on apart: a copy of a disk. */
async function copyOf({ content, keys }: Place): Promise<Place> {
  const copied = createMemoryKeyBlobs();
  for (const id of await keys.list()) await copied.put(id, (await keys.get(id))!);
  const state = content.state && stateFromText(stateToText(content.state));
  const { version, ledger, consumers, audit, revocations } = content;
  const copy: StoreContent = {
    version,
    state,
    ledger: new Map(ledger),
    consumers: new Map(consumers),
    audit: [...audit],
    revocations: new Map(revocations),
  };
  return { content: copy, keys: copied };
}

const slotsOf = ({ content }: Place, use: AuthorityUse): Record<string, string> =>
  Object.fromEntries(
    (content.state?.authorities ?? []).filter((each) => each.use === use).map(({ id, slot }) => [id, slot]),
  );

type Step = 'prepare' | 'activate' | 'taint' | 'revoke' | 'undo';

const walk =
  (use: AuthorityUse, ...steps: Step[]) =>
  async (authority: Authority): Promise<void> => {
    for (const step of steps) {
      await authority[step](forced(use));
      clock.advance(1000);
    }
  };

const refusal = (code: string, message: RegExp) => (thrown: unknown) =>
  thrown instanceof GatehouseError && thrown.code === code && message.test(thrown.message);

describe('restoreBackup over a store that knows more', () => {
  const histories: { name: string; before: Step[]; after: Step[] }[] = [
    { name: 'prepared', before: [], after: ['prepare'] },
    { name: 'activated', before: [], after: ['prepare', 'activate'] },
    { name: 'activated what the backup has prepared', before: ['prepare'], after: ['activate'] },
    { name: 'tainted', before: [], after: ['prepare', 'activate', 'taint'] },
    { name: 'revoked', before: [], after: ['prepare', 'activate', 'taint', 'revoke'] },
    { name: 'revoked what the backup has tainted', before: ['prepare', 'activate', 'taint'], after: ['revoke'] },
    { name: 'took a preparation back', before: ['prepare'], after: ['undo'] },
    { name: 'took an activation back', before: ['prepare', 'activate'], after: ['undo'] },
    { name: 'took a revocation back', before: ['prepare', 'activate', 'taint', 'revoke'], after: ['undo'] },
    {
      name: 'rotated twice',
      before: ['prepare'],
      after: ['activate', 'taint', 'revoke', 'prepare', 'activate', 'taint', 'revoke'],
    },
  ];
  for (const use of ['x509', 'jwt'] as const) {
    for (const { name, before, after } of histories) {
      it(`leaves every slot as it is: ${use}, ${name} since`, async () => {
        const place = newPlace();
        await during(place, walk(use, ...before));
        const backup = await backupOf(place);
        await during(place, walk(use, ...after));
        const want = slotsOf(place, use);
        const held = new Set(await place.keys.list());
        assert.equal((await restore(backup, place)).later, 'store');
        assert.deepEqual(slotsOf(place, use), want);
        assert.deepEqual(new Set(await place.keys.list()), held, 'no key that was destroyed is there again');
        await during(place, async () => assert.deepEqual(slotsOf(place, use), want, 'nor after the next start'));
      });
      it(`brings a newer backup into the older store: ${use}, ${name} since`, async () => {
        const place = newPlace();
        await during(place, walk(use, ...before));
        const older = await copyOf(place);
        await during(place, walk(use, ...after));
        const want = slotsOf(place, use);
        assert.equal((await restore(await backupOf(place), older)).later, 'backup');
        assert.deepEqual(slotsOf(older, use), want);
        await during(older, async () => assert.deepEqual(slotsOf(older, use), want));
      });
    }
  }

  it('trusts less where both went on apart: each keeps the state that is furthest out', async () => {
    const place = newPlace();
    await during(place, async () => undefined);
    const [first] = Object.keys(slotsOf(place, 'x509'));
    const older = await copyOf(place);
    await during(place, walk('x509', 'prepare', 'activate', 'taint', 'revoke')); // the first is revoked
    await during(older, walk('x509', 'prepare', 'activate')); // the first is old, and another signs
    const [signsThere] = Object.entries(slotsOf(older, 'x509')).filter(([, slot]) => slot === 'active');
    assert.equal((await restore(await backupOf(place), older)).later, 'parted');
    const slots = slotsOf(older, 'x509');
    assert.equal(slots[first!], 'revoked');
    assert.equal(slots[signsThere![0]], 'active', "the store's own goes on");
    assert.deepEqual(Object.values(slots).toSorted(), ['active', 'old', 'revoked']);
    await during(older, async (authority) => {
      assert.equal((await authority.issueX509(requestOf('a'))).authorityId, signsThere![0]);
    });
  });

  it('is not taken back by an older backup that comes after a newer one', async () => {
    const place = newPlace();
    await during(place, async () => undefined);
    const oldest = await backupOf(place);
    await during(place, walk('x509', 'prepare', 'activate', 'taint', 'revoke'));
    const newest = await backupOf(place);
    const want = slotsOf(place, 'x509');
    const orders: [string, Uint8Array[]][] = [
      ['newest first', [newest, oldest]],
      ['oldest first', [oldest, newest]],
      ['again and again', [oldest, newest, oldest, newest, oldest]],
    ];
    for (const [name, [one, ...more]] of orders) {
      const empty = newPlace();
      await restore(one!, empty, lost);
      for (const each of more) await restore(each, empty);
      assert.deepEqual(slotsOf(empty, 'x509'), want, name);
    }
  });

  it('leaves SVIDs revoked, and those whose revocation was taken back', async () => {
    const place = newPlace();
    const order = (name: string) => ({
      kind: 'id' as const,
      value: entitlementOf(name).spiffeId,
      who: 'uid:0',
      reason: 'test',
    });
    await during(place, async (authority) => {
      await authority.revokeSvid(order('again'));
      await authority.undoRevocation(order('again'));
      await authority.revokeSvid(order('free'));
      clock.advance(1000);
    });
    const backup = await backupOf(place);
    await during(place, async (authority) => {
      const svid = await authority.issueX509(requestOf('serial'));
      await authority.revokeSvid(order('again'));
      await authority.revokeSvid(order('id'));
      await authority.revokeSvid({ kind: 'serial', value: svid.serial, who: 'uid:0', reason: 'test' });
      const [row] = await authority.ledger({ serial: svid.serial });
      await authority.revokeSvid({ kind: 'spki', value: row!.spkiSha256, who: 'uid:0', reason: 'test' });
      await authority.undoRevocation(order('free'));
      place.content.revocations.delete(`id ${entitlementOf('free').spiffeId}`); // pruned, since it has expired
    });
    await restore(backup, place);
    await during(place, async (authority) => {
      assert.equal(authority.revocations.value.rows.length, 4);
      for (const name of ['again', 'id'])
        await assert.rejects(authority.issueX509(requestOf(name)), refusal('not_entitled', /is revoked/));
      assert.ok(await authority.issueX509(requestOf('free')));
    });
  });

  it('takes revocations of a newer backup, and keeps those that only the store has', async () => {
    const place = newPlace();
    const order = (name: string) => ({
      kind: 'id' as const,
      value: entitlementOf(name).spiffeId,
      who: 'uid:0',
      reason: 'test',
    });
    await during(place, async () => undefined);
    const older = await copyOf(place);
    await during(place, (authority) => authority.revokeSvid(order('there')));
    await during(older, (authority) => authority.revokeSvid(order('here')));
    await restore(await backupOf(place), older);
    await during(older, async (authority) => {
      for (const name of ['there', 'here'])
        await assert.rejects(authority.issueX509(requestOf(name)), refusal('not_entitled', /is revoked/));
    });
  });

  it('brings no join token back that was used or thrown out', async () => {
    const place = newPlace();
    const made = await during(place, async (authority) => {
      const used = await authority.joinTokens.create(600_000, 'uid:0', 'node 7');
      const kept = await authority.joinTokens.create(600_000, 'uid:0', 'node 8');
      return { used, kept };
    });
    const backup = await backupOf(place);
    await during(place, (authority) => authority.joinTokens.use(made.used.token, 'node-7'));
    await restore(backup, place);
    await during(place, async (authority) => {
      await assert.rejects(authority.joinTokens.use(made.used.token, 'thief'), refusal('not_entitled', /was used/));
      await authority.joinTokens.use(made.kept.token, 'node-8');
    });
    const empty = newPlace();
    await restore(backup, empty, lost);
    await during(empty, async (authority) => {
      await assert.rejects(authority.joinTokens.use(made.kept.token, 'thief'), refusal('not_entitled', /was used/));
    });
  });

  it('holds bundles of other trust domains, the higher sequence where both went on, and none that the store has deleted', async () => {
    const [other, third] = [foreignBundle('other.example', 5), foreignBundle('third.example', 5)];
    const place = newPlace();
    const order = { who: 'uid:0', reason: 'first', acceptLower: false };
    await during(place, async ({ federation }) => {
      await federation.set(other, order);
      await federation.set(third, order);
    });
    const heldIn = (where: Place) =>
      during(where, async ({ federation }) =>
        federation.held().map(({ trustDomain: name, sequence }) => `${name} ${sequence}`),
      );
    const empty = newPlace();
    await restore(await backupOf(place), empty, lost);
    assert.deepEqual(await heldIn(empty), ['other.example 5', 'third.example 5']);
    const apart = await copyOf(place);
    await during(apart, ({ federation }) => federation.set({ ...other, sequence: 2n ** 60n }, order));
    await during(place, ({ federation }) => federation.remove(third.trustDomain, order));
    await restore(await backupOf(apart), place);
    assert.deepEqual(await heldIn(place), [`other.example ${2n ** 60n}`]);
  });

  it('keeps the whole audit, no row twice, and says why last', async () => {
    const place = newPlace();
    await during(place, async () => undefined);
    const backup = await backupOf(place);
    await during(place, walk('x509', 'prepare'));
    const rows = place.content.audit.length;
    await restore(backup, place, { ...over, reason: 'a try' });
    assert.equal(place.content.audit.length, rows + 1);
    const { verb, reason } = place.content.audit.at(-1)!;
    assert.deepEqual([verb, reason], ['restore', 'a try']);
  });
});

describe('restoreBackup into a store that knows nothing', () => {
  it('needs to be told so, with a reason, and says how old the backup is and who signs', async () => {
    const place = newPlace();
    await during(place, async () => undefined);
    const backup = await backupOf(place);
    const empty = newPlace();
    await assert.rejects(restore(backup, empty), refusal('not_sound', /--from-empty --reason TEXT/));
    await assert.rejects(
      restore(backup, empty, { ...lost, reason: ' ' }),
      refusal('message_invalid', /needs a reason/),
    );
    assert.deepEqual([empty.content.state, await empty.keys.list()], [undefined, []], 'nothing was changed');
    clock.advance(3_600_000);
    const { ageMs, active, later } = await restore(backup, empty, lost);
    assert.deepEqual([ageMs, later], [3_600_000, 'empty']);
    assert.deepEqual(
      active.map(({ id }) => id),
      place.content.state!.authorities.map(({ id }) => id),
    );
    assert.equal(empty.content.audit.at(-1)!.reason, 'from empty: the disk is gone');
    await assert.rejects(restore(backup, empty, lost), refusal('slot_state', /is not empty/));
  });

  it('is refused whole while the key of who would sign is nowhere, or is under another key', async () => {
    const place = newPlace();
    await during(place, async () => undefined);
    const [active] = place.content.state!.authorities;
    await place.keys.remove(active!.id);
    const lacking = await backupOf(place);
    const empty = newPlace();
    await assert.rejects(
      restore(lacking, empty, lost),
      refusal('store_unusable', new RegExp(`${active!.id}.*is not in it`)),
    );
    assert.deepEqual([empty.content.state, await empty.keys.list()], [undefined, []]);
    await place.keys.put(active!.id, Buffer.from('GHK1 and what is no key at all, wrapped or not'));
    await assert.rejects(restore(await backupOf(place), empty, lost), refusal('store_unusable', /cannot be read/));
    assert.deepEqual([empty.content.state, await empty.keys.list()], [undefined, []]);
  });
});
