import assert from 'node:assert/strict';
import { GatehouseError } from '../../../src/errors.ts';
import type { Authority } from '../../../src/identity/authority/authority.ts';
import { createAuthority } from '../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore } from '../../../src/identity/authority/local-keys.ts';
import { defaultSettings } from '../../../src/identity/authority/settings.ts';
import { verifySvidChain } from '../../../src/identity/pki/svid-chain.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { openPostgresAuthorityStore } from '../../../src/platform/storage/postgres-authority-store.ts';
import { parseTrustDomain, type TrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { entitlementOf, orderOf, requestOf, trustDomain } from '../../support/authority.ts';
import { eventually } from '../../support/eventually.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';

const keyEncryptionKey = Buffer.alloc(32, 7);

/** `CUTS=50` for the long run. */
const CUTS = Number(process.env['CUTS'] ?? 2);

const codeIs = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof GatehouseError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  return true;
};

describe('authorities on PostgreSQL', () => {
  let database: Postgres;
  let number = 0;
  let domain: TrustDomain;

  before(async function () {
    this.timeout(60_000);
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

  it('brings a taint and a bundle to every replica within two seconds', async () => {
    await using one = await open();
    await using other = await open();
    await one.prepare(orderOf());
    const start = Date.now();
    await eventually('the prepared root is there', () =>
      other.bundles.value.own.x509Authorities.length === 2 ? true : undefined,
    );
    assert.ok(Date.now() - start < 2000);
    await one.activate(orderOf());
    await one.taint(orderOf());
    const tainted = Date.now();
    await eventually('the taint is there', () => (other.renewals.value > 0 ? true : undefined));
    assert.ok(Date.now() - tainted < 2000);
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

  it('lets two replicas race every verb: one wins, never two actives, sequences only rise', async () => {
    await using one = await open();
    await using other = await open();
    const seen: number[] = [];
    one.bundles.subscribe(({ own }) => seen.push(own.sequence));
    const race = async (verb: 'prepare' | 'activate' | 'taint' | 'revoke'): Promise<void> => {
      const outcomes = await Promise.allSettled(
        [one, other].map((each) => each[verb](orderOf('x509', { override: true }))),
      );
      const done = outcomes.filter((each) => each.status === 'fulfilled' && each.value.done);
      const refused = outcomes.filter((each) => each.status === 'rejected' && codeIs('slot_state')(each.reason));
      assert.equal(done.length, 1, verb);
      assert.equal(refused.length, 1, verb);
      for (const each of [one, other]) {
        await each.tick();
        assert.equal((await slots(each)).filter((slot) => slot === 'active').length, 1);
      }
    };
    for (let round = 0; round < 3; round += 1) {
      for (const verb of ['prepare', 'activate', 'taint', 'revoke'] as const) await race(verb);
    }
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
    );
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
  }).timeout(20_000 + CUTS * 10_000);

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
