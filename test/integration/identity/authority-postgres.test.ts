import assert from 'node:assert/strict';
import { GatehouseError } from '../../../src/errors.ts';
import type { Authority } from '../../../src/identity/authority/authority.ts';
import { createAuthority } from '../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../src/identity/authority/keys/local-keys.ts';
import { restoreBackup } from '../../../src/identity/authority/recover/restore.ts';
import type { Verb } from '../../../src/identity/authority/rotate/orders.ts';
import type { RevocationKind } from '../../../src/identity/authority/store/store.ts';
import { verifySvidChain } from '../../../src/identity/pki/svid-chain.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { openPostgresAuthorityStore } from '../../../src/platform/storage/postgres-authority-store.ts';
import { parseTrustDomain, type TrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { entitlementOf, orderOf, requestOf, trustDomain } from '../../support/authority.ts';
import { createEmptyStore } from '../../support/empty-store.ts';
import { eventually } from '../../support/eventually.ts';
import { makeBackup } from '../../support/make-backup.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { sealedBytesOf } from '../../support/sealed-bytes.ts';
import { defaultSettings } from '../../support/settings.ts';

const keyEncryptionKey = Buffer.alloc(32, 7);

/** `CUTS=50` for the long run. */
const CUTS = Number(process.env['CUTS'] ?? 2);

const codeIs = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof GatehouseError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  return true;
};

const lost = { who: 'uid:0', reason: 'the disk is gone', fromEmpty: true };

describe('authorities on PostgreSQL', () => {
  let database: Postgres;
  let number = 0;
  let domain: TrustDomain;

  before(async function () {
    this.timeout(300_000);
    database = await startPostgres();
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(() => {
    number += 1;
    domain = parseTrustDomain(`td${number}.local`);
  });

  const open = async (key: Uint8Array = keyEncryptionKey, td = domain): Promise<Authority> => {
    const { store, keys } = await openPostgresAuthorityStore(database.url, td);
    try {
      return await createAuthority({
        trustDomain: td,
        store,
        keys: createLocalKeyStore(keys, key),
        clock: systemClock,
        settings: defaultSettings,
        tickEveryMs: 200,
      });
    } catch (thrown) {
      await store[Symbol.asyncDispose]();
      throw thrown;
    }
  };
  const request = (name: string, consumer = name) => ({
    ...requestOf(name, 'sds', consumer),
    entitlement: { ...entitlementOf(name), spiffeId: `spiffe://${domain}/ns/default/sa/${name}` as never },
  });
  const slots = async (authority: Authority): Promise<string[]> =>
    (await authority.status()).x509Authorities.map((each) => each.slot).sort();

  it('lets replicas that start together make one authority, and share ledger, keys and bundle', async () => {
    const replicas = await Promise.all([open(), open(), open()]);
    try {
      const [first] = replicas as [Authority, Authority, Authority];
      for (const each of replicas) {
        await each.tick();
        assert.deepEqual(await slots(each), ['active']);
        assert.deepEqual(each.bundles.value.own, first.bundles.value.own);
        const svid = await each.issueX509(request('a'));
        assert.equal(verifySvidChain(svid.chain, first.bundles.value.own, Date.now()).ok, true);
        assert.equal((await first.ledger({ serial: svid.serial })).length, 1);
      }
    } finally {
      for (const each of replicas) await each[Symbol.asyncDispose]();
    }
  });

  it('brings a taint and a bundle to every replica by itself', async () => {
    await using one = await open();
    await using other = await open();
    await one.prepare(orderOf());
    await eventually('the prepared root is there', () =>
      other.bundles.value.own.x509Authorities.length === 2 ? true : undefined,
    );
    await one.activate(orderOf());
    await one.taint(orderOf());
    await eventually('the taint is there', () => (other.renewals.value > 0 ? true : undefined));
  });

  it('never lets an SVID of an authority leave that another replica has replaced', async () => {
    const slow = await openPostgresAuthorityStore(database.url, domain);
    await using stale = await createAuthority({
      trustDomain: domain,
      store: slow.store,
      keys: createLocalKeyStore(slow.keys, keyEncryptionKey),
      clock: systemClock,
      settings: defaultSettings,
      tickEveryMs: 0,
    });
    await using other = await open();
    await other.prepare(orderOf());
    await other.activate(orderOf('x509', { override: true }));
    const active = (await other.status()).x509Authorities.find((each) => each.slot === 'active');
    assert.equal((await stale.issueX509(request('a'))).authorityId, active?.id);
  });

  /** Two that look at the store only when they must, or when told: so both go out from the same state. */
  const openPair = async (): Promise<readonly [Authority, Authority] & AsyncDisposable> => {
    const quiet = async (): Promise<Authority> => {
      const { store, keys } = await openPostgresAuthorityStore(database.url, domain);
      return createAuthority({
        trustDomain: domain,
        store,
        keys: createLocalKeyStore(keys, keyEncryptionKey),
        clock: systemClock,
        settings: defaultSettings,
        tickEveryMs: 0,
      });
    };
    const pair = [await quiet(), await quiet()] as const;
    return Object.assign(pair, {
      async [Symbol.asyncDispose]() {
        for (const each of pair) await each[Symbol.asyncDispose]();
      },
    });
  };
  const both = <T>(pair: readonly Authority[], work: (each: Authority, index: number) => Promise<T>) =>
    Promise.allSettled(pair.map(work));
  const tickBoth = async (pair: readonly Authority[]): Promise<void> => {
    for (const each of pair) await each.tick();
  };

  for (const use of ['x509', 'jwt'] as const) {
    it(`lets two replicas race every verb of the ${use} authorities, and every undo: one wins, never two actives, sequences only rise`, async () => {
      await using pair = await openPair();
      const [one] = pair;
      const seen: number[] = [];
      one.bundles.subscribe(({ own }) => seen.push(own.sequence));
      const slotsOf = async (authority: Authority): Promise<string> => {
        const status = await authority.status();
        return (use === 'x509' ? status.x509Authorities : status.jwtAuthorities).map(({ slot }) => slot).join();
      };
      const race = async (verb: Verb, want: string): Promise<void> => {
        const outcomes = await both(pair, (each) => each[verb](orderOf(use, { override: true })));
        const done = outcomes.filter((each) => each.status === 'fulfilled' && each.value.done);
        const refused = outcomes.filter((each) => each.status === 'rejected' && codeIs('slot_state')(each.reason));
        assert.deepEqual([done.length, refused.length], [1, 1], verb);
        await tickBoth(pair);
        for (const each of pair) assert.equal(await slotsOf(each), want, verb);
      };
      const steps: readonly (readonly [Verb, string])[] = [
        ['prepare', 'active,prepared'],
        ['undo', 'active'],
        ['prepare', 'active,prepared'],
        ['activate', 'old,active'],
        ['undo', 'active,prepared'],
        ['activate', 'old,active'],
        ['taint', 'tainted,active'],
        ['undo', 'old,active'],
        ['taint', 'tainted,active'],
        ['revoke', 'revoked,active'],
        ['undo', 'tainted,active'],
        ['revoke', 'revoked,active'],
      ];
      for (const [verb, want] of steps) await race(verb, want);
      assert.deepEqual(
        seen,
        [...new Set(seen)].sort((a, b) => a - b),
      );
      const rows = await one.audit(1000);
      for (const verb of ['prepare', 'activate', 'taint', 'revoke', 'undo']) {
        const ofVerb = rows.filter((row) => row.verb === `ca ${verb}` && row.use === use && row.who === 'uid:0');
        const raced = steps.filter(([each]) => each === verb).length;
        assert.equal(ofVerb.filter(({ result }) => result === 'done').length, raced, verb);
        assert.equal(ofVerb.filter(({ result }) => result === 'slot_state').length, raced, verb);
      }
    }).timeout(300_000);
  }

  it('lets two replicas revoke the same and other SVIDs, keys and IDs at once: all hold, on both', async () => {
    await using pair = await openPair();
    const [one, other] = pair;
    const issued = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name, index) => pair[index % 2]!.issueX509(request(name))),
    );
    const rows = await one.ledger({});
    const spkis = issued.map(({ serial }) => rows.find((row) => row.serial === serial)!.spkiSha256);
    const order = (kind: RevocationKind, value: string) => ({ kind, value, who: 'uid:0', reason: 'race' });
    const orders = [
      [order('id', request('gone').entitlement.spiffeId), order('id', request('gone').entitlement.spiffeId)],
      [order('serial', issued[0]!.serial), order('serial', issued[0]!.serial)],
      [order('spki', spkis[1]!), order('spki', spkis[1]!)],
      [order('serial', issued[2]!.serial), order('spki', spkis[3]!)],
    ] as const;
    for (const [first, second] of orders) {
      const outcomes = await both(pair, (each, index) => each.revokeSvid(index === 0 ? first : second));
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'fulfilled'],
        first.kind,
      );
    }
    await tickBoth(pair);
    const named = ({ revocations }: Authority) =>
      revocations.value.rows.map(({ kind, value }) => `${kind} ${value}`).sort();
    const want = new Set(orders.flat().map(({ kind, value }) => `${kind} ${value}`));
    assert.deepEqual(named(one), [...want].sort());
    assert.deepEqual(named(other), named(one));
    assert.equal(one.revocations.value.sequence, other.revocations.value.sequence);
    await assert.rejects(other.issueX509(request('gone')), codeIs('not_entitled'));
  });

  it('lets two replicas take the same revocation back at once; what is revoked again has the new reason', async () => {
    await using pair = await openPair();
    const [one, other] = pair;
    const value = request('a').entitlement.spiffeId;
    const order = (reason: string) => ({ kind: 'id', value, who: 'uid:0', reason }) as const;
    await one.revokeSvid(order('first'));
    await tickBoth(pair);
    const outcomes = await both(pair, (each) => each.undoRevocation(order('mistake')));
    assert.ok(outcomes.some(({ status }) => status === 'fulfilled'));
    for (const each of outcomes) if (each.status === 'rejected') assert.ok(codeIs('not_found')(each.reason));
    await tickBoth(pair);
    for (const each of pair) assert.deepEqual(each.revocations.value.rows, []);
    await other.revokeSvid(order('second'));
    await tickBoth(pair);
    for (const each of pair)
      assert.deepEqual(
        each.revocations.value.rows.map(({ reason }) => reason),
        ['second'],
      );
    const mixed = await both(pair, (each, index) =>
      index === 0 ? each.undoRevocation(order('mistake')) : each.revokeSvid(order('third')).then(() => undefined),
    );
    assert.deepEqual(
      mixed.map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    );
    await tickBoth(pair);
    assert.deepEqual(one.revocations.value, other.revocations.value, 'whoever was last, both say the same');
  });

  it('lets two replicas make join tokens at once, and one take each token', async () => {
    await using pair = await openPair();
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, index) => pair[index % 2]!.joinTokens.create(60_000, 'uid:0', 'race')),
    );
    for (const { token } of made) {
      const outcomes = await both(pair, (each, index) => each.joinTokens.use(token, `decider ${index}`));
      const refused = outcomes.filter((each) => each.status === 'rejected' && codeIs('not_entitled')(each.reason));
      assert.equal(refused.length, 1);
    }
  });

  it('makes whole backups while the other takes steps: every authority of one has its key', async () => {
    await using pair = await openPair();
    const [one, other] = pair;
    const { store, keys } = await openPostgresAuthorityStore(database.url, domain);
    await using _store = store;
    const override = orderOf('x509', { override: true });
    await other.prepare(orderOf());
    await other.activate(override);
    let looks = 0;
    const snapshot = async () => {
      const taken = await store.snapshot();
      looks += 1;
      if (looks === 1) await other.revoke(override); // its key goes when it stands in the snapshot already
      return taken;
    };
    const deps = { trustDomain: domain, keys, keyEncryptionKey, clock: systemClock };
    const backups = [await makeBackup({ ...deps, store: { ...store, snapshot } })];
    const steps = async (): Promise<void> => {
      for (const verb of ['prepare', 'activate', 'taint', 'revoke'] as const) await one[verb](override);
    };
    await one.tick();
    const [, ...more] = await Promise.all([
      steps(),
      ...Array.from({ length: 4 }, () => makeBackup({ ...deps, store })),
    ]);
    for (const bytes of [...backups, ...more]) {
      const [into, blobs] = [createEmptyStore(), createMemoryKeyBlobs()];
      await restoreBackup(sealedBytesOf(bytes), lost, { ...deps, store: into, keys: blobs });
      const { state } = await into.load();
      const held = new Set(await blobs.list());
      for (const { id, keyDestroyed, slot } of state?.authorities ?? [])
        if (!keyDestroyed) assert.ok(held.has(id), `${slot} ${id} has no key`);
    }
  });

  it('counts the holders of every replica at the gate, and those of a replica that died as gone, until they expire', async () => {
    await using one = await open();
    const other = await open();
    await other.issueX509(request('a'));
    other.acknowledge({ consumer: 'a', channel: 'sds', spiffeIds: [], sequence: 1, grade: 'acknowledged' });
    await other.status();
    await one.prepare(orderOf());
    const outcome = await one.activate(orderOf());
    assert.ok(!outcome.done);
    assert.deepEqual(
      outcome.blockers.map((each) => each.consumer),
      ['a'],
    );
    other.acknowledge({
      consumer: 'a',
      channel: 'sds',
      spiffeIds: [],
      sequence: one.bundles.value.own.sequence,
      grade: 'acknowledged',
    });
    await other.status();
    await other[Symbol.asyncDispose]();
    assert.equal((await one.activate(orderOf())).done, true);
  });

  it('keeps keys wrapped: another key-encryption key opens nothing', async () => {
    await (await open())[Symbol.asyncDispose]();
    await assert.rejects(open(Buffer.alloc(32, 8)), codeIs('key_invalid'));
  });

  it('keeps trust domains apart', async () => {
    await using one = await open();
    await using other = await open(keyEncryptionKey, trustDomain);
    assert.notDeepEqual(one.bundles.value.own.x509Authorities, other.bundles.value.own.x509Authorities);
  });

  it('loses nothing when the database is cut, and goes on when it is back', async () => {
    await using authority = await open();
    const left: string[] = [];
    const failures: string[] = [];
    let running = true;
    const issueOn = async (): Promise<void> => {
      while (running) {
        try {
          left.push((await authority.issueX509(request('a'))).serial);
        } catch (thrown) {
          failures.push(thrown instanceof GatehouseError ? thrown.code : String(thrown));
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    };
    const loops = Array.from({ length: 8 }, issueOn);
    await eventually('some are issued', () => (left.length > 200 ? true : undefined));
    for (let cut = 0; cut < CUTS; cut += 1) {
      const [failed, before] = [failures.length, left.length];
      await database.kill();
      await eventually('the loss is noticed', () => (failures.length > failed ? true : undefined));
      await eventually('readiness falls', () => (authority.readiness.value.ready ? undefined : true));
      await database.start();
      await eventually('issuing goes on', () => (left.length > before + 100 ? true : undefined));
      await eventually('readiness rises', () => (authority.readiness.value.ready ? true : undefined));
    }
    running = false;
    await Promise.all(loops);
    assert.deepEqual([...new Set(failures)], ['store_unavailable']);
    const rows = new Set((await authority.ledger({ limit: 1_000_000 })).map((row) => row.serial));
    for (const serial of left) assert.ok(rows.has(serial), `${serial} left, but is not in the ledger`);
  }).timeout(300_000 + CUTS * 10_000);

  it('issues nothing and changes nothing on every replica while the database is an older one', async () => {
    await using one = await open();
    await using other = await open();
    const { store } = await openPostgresAuthorityStore(database.url, domain);
    await using _ = store;
    const older = await store.snapshot();
    const id = request('a').entitlement.spiffeId;
    await one.revokeSvid({ kind: 'id', value: id, who: 'uid:0', reason: 'stolen' });
    await eventually('the other knows it', () => (other.revocations.value.rows.length === 1 ? true : undefined));
    await store.restore(older);
    for (const each of [one, other]) {
      await assert.rejects(each.issueX509(request('a')), codeIs('not_entitled'));
      await assert.rejects(each.issueX509(request('b')), codeIs('store_unusable'));
      await assert.rejects(each.prepare(orderOf()), codeIs('store_unusable'));
      await eventually('it says so', () =>
        /the store is older than it was/.test(each.readiness.value.reason) ? true : undefined,
      );
      assert.deepEqual(
        each.revocations.value.rows.map(({ value }) => value),
        [id],
      );
    }
  });

  it('does not wait for ever for a database that is frozen, and goes on when it thaws', async () => {
    const { store, keys } = await openPostgresAuthorityStore(database.url, domain, 300);
    await using authority = await createAuthority({
      trustDomain: domain,
      store,
      keys: createLocalKeyStore(keys, keyEncryptionKey),
      clock: systemClock,
      settings: defaultSettings,
      tickEveryMs: 0,
    });
    database.pause();
    try {
      await assert.rejects(authority.issueX509(request('a')), codeIs('store_unavailable'));
      await assert.rejects(authority.prepare(orderOf()), codeIs('store_unavailable'));
    } finally {
      database.resume();
    }
    const svid = await eventually('issuing goes on', () => authority.issueX509(request('a')));
    assert.equal((await authority.ledger({ serial: svid.serial })).length, 1);
  });

  it('says clearly that the database is away', async () => {
    await assert.rejects(
      openPostgresAuthorityStore('postgres://gatehouse@127.0.0.1:1/postgres', domain),
      codeIs('store_unavailable'),
    );
  });
});
