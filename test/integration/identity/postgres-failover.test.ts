import assert from 'node:assert/strict';
import { GatehouseError } from '../../../src/errors.ts';
import type { Authority } from '../../../src/identity/authority/authority.ts';
import { createAuthority } from '../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore } from '../../../src/identity/authority/keys/local-keys.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { openPostgresAuthorityStore } from '../../../src/platform/storage/postgres-authority-store.ts';
import { requestOf, trustDomain } from '../../support/authority.ts';
import { eventually } from '../../support/eventually.ts';
import { movableAddress } from '../../support/movable-address.ts';
import { type Postgres, startPostgres, startStandby } from '../../support/postgres.ts';
import { defaultSettings } from '../../support/settings.ts';

const hostOf = ({ url }: Pick<Postgres, 'url'>): string => new URL(url).host;
const portOf = ({ url }: Pick<Postgres, 'url'>): number => Number(new URL(url).port);
const urlOf = (...hosts: readonly string[]): string => `postgres://gatehouse@${hosts.join()}/postgres`;
const listed = (...servers: readonly Postgres[]): string => urlOf(...servers.map(hostOf));

async function open(url: string): Promise<Authority> {
  const { store, keys } = await openPostgresAuthorityStore(url, trustDomain);
  try {
    return await createAuthority({
      trustDomain,
      store,
      keys: createLocalKeyStore(keys, Buffer.alloc(32, 7)),
      clock: systemClock,
      settings: defaultSettings,
      tickEveryMs: 100,
    });
  } catch (thrown) {
    await store[Symbol.asyncDispose]();
    throw thrown;
  }
}

const GENEROUS_MS = 60_000;
const rootOf = (authority: Authority) => authority.bundles.value.own.x509Authorities;
const issue = async (authority: Authority): Promise<string> => (await authority.issueX509(requestOf('a'))).serial;
const goesOn = (authority: Authority): Promise<string> =>
  eventually('issuing goes on', () => issue(authority), GENEROUS_MS);
const isReady = (authority: Authority): Promise<true> =>
  eventually('it is ready', () => (authority.readiness.value.ready ? true : undefined), GENEROUS_MS);
const saysWhy = (authority: Authority, why: RegExp): Promise<true> =>
  eventually('it says why', () => (why.test(authority.readiness.value.reason) ? true : undefined), GENEROUS_MS);
/** Ends every connection of ours, so that the next statement makes new ones. */
const cut = (server: Postgres): Promise<void> =>
  server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatehouse'");
const fails = (says: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof GatehouseError, String(thrown));
  assert.equal(thrown.code, 'store_unavailable');
  assert.match(thrown.message, says);
  return true;
};

describe('an authority on PostgreSQL with standbys', function () {
  this.timeout(5 * GENEROUS_MS);

  it('starts with a standby first in the list, and takes the same one at every reconnect', async () => {
    await using primary = await startPostgres();
    await using standby = await startStandby(primary);
    await using authority = await open(listed(standby, primary));
    for (let round = 0; round < 3; round += 1) {
      await issue(authority);
      await cut(primary);
      await goesOn(authority);
      await Promise.all(Array.from({ length: 40 }, () => goesOn(authority)));
    }
    await isReady(authority);
  });

  it('goes on after a failover, a reconnect and a fail-back, whichever stands first, with everything that it had issued', async () => {
    const first = await startPostgres();
    await using second = await startStandby(first);
    await using listedFirst = await open(listed(first, second));
    await using listedLast = await open(listed(second, first));
    const root = rootOf(listedFirst);
    const serials: string[] = [];
    const bothGoOn = async (): Promise<void> => {
      for (const each of [listedFirst, listedLast]) {
        serials.push(await goesOn(each));
        await isReady(each);
      }
    };
    await bothGoOn();
    await first[Symbol.asyncDispose](); // it answers only what both have: nothing is lost
    await second.promote();
    await bothGoOn();
    await using back = await startStandby(second, portOf(first));
    await bothGoOn();
    await cut(second);
    await bothGoOn();
    await second.kill();
    await back.promote();
    await bothGoOn();
    await cut(back);
    await bothGoOn();
    const kept = new Set((await listedLast.ledger({ limit: 1000 })).map(({ serial }) => serial));
    for (const serial of serials) assert.ok(kept.has(serial), serial);
    assert.deepEqual(rootOf(listedLast), root);
  });

  it('finds the one that can write among three, before and after a failover', async () => {
    await using first = await startPostgres();
    await using second = await startStandby(first);
    await using third = await startStandby(first);
    await using authority = await open(listed(second, third, first));
    await issue(authority);
    const hasTheRow = 'DO $$BEGIN ASSERT (SELECT count(*) FROM gatehouse_ledger) = 1; END$$';
    await eventually('the third has it', () => third.query(hasTheRow).then(() => true), GENEROUS_MS);
    await first.kill();
    await third.query('ALTER SYSTEM RESET synchronous_standby_names'); // it came with the copy
    await third.query('SELECT pg_reload_conf()');
    await third.promote();
    await goesOn(authority);
    await isReady(authority);
    await cut(third);
    await goesOn(authority);
  });

  it('does not go back to an old primary that has come again beside the one that was promoted', async () => {
    await using old = await startPostgres();
    await using promoted = await startStandby(old);
    await using authority = await open(listed(old, promoted));
    await issue(authority);
    await old.kill();
    await promoted.promote();
    const serial = await goesOn(authority);
    await old.start(); // and nobody has fenced it
    await old.query('ALTER SYSTEM RESET synchronous_standby_names');
    await old.query('SELECT pg_reload_conf()');
    await cut(promoted);
    await goesOn(authority);
    await using again = await open(listed(old, promoted));
    assert.equal((await again.ledger({ serial })).length, 1);
  });

  it('goes over when the primary is frozen, which closes nothing', async () => {
    await using frozen = await startPostgres();
    await using promoted = await startStandby(frozen);
    await using authority = await open(listed(frozen, promoted));
    await issue(authority);
    frozen.pause();
    try {
      await promoted.promote();
      await goesOn(authority);
      await isReady(authority);
    } finally {
      frozen.resume();
    }
  });

  it('follows an address that leads to another server after the failover', async () => {
    await using primary = await startPostgres();
    await using standby = await startStandby(primary);
    await using address = await movableAddress(portOf(primary));
    await using authority = await open(urlOf(address.address));
    await issue(authority);
    address.lead(portOf(standby)); // too early: it is no primary yet
    await cut(primary);
    await saysWhy(authority, /is a standby/);
    await assert.rejects(issue(authority), fails(/127\.0\.0\.1:\d+ is a standby/));
    await primary.kill();
    await standby.promote();
    await goesOn(authority);
    await isReady(authority);
  });

  it('says of each host why it cannot be written, at start', async () => {
    await using primary = await startPostgres();
    await using standby = await startStandby(primary);
    await assert.rejects(open(listed(standby)), fails(/127\.0\.0\.1:\d+ is a standby/));
    await assert.rejects(
      open(urlOf(hostOf(standby), '127.0.0.1:1')),
      fails(/127\.0\.0\.1:\d+ is a standby; 127\.0\.0\.1:1: .*ECONNREFUSED/),
    );
    await primary.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await primary.query('SELECT pg_reload_conf()');
    await eventually('it is read-only', () =>
      assert.rejects(open(listed(primary, standby)), fails(/is read-only.*is a standby/)).then(() => true),
    );
  });

  it('leaves a primary that was made read-only for one that can be written, and waits where there is none', async () => {
    await using primary = await startPostgres();
    const standby = await startStandby(primary);
    await using authority = await open(listed(primary, standby));
    await issue(authority);
    const readOnly = async (value: 'on' | 'off'): Promise<void> => {
      await primary.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await primary.query('SELECT pg_reload_conf()');
      await cut(primary);
    };
    await readOnly('on');
    await saysWhy(authority, /is read-only/);
    await readOnly('off');
    await goesOn(authority);
    await readOnly('on');
    await standby.promote();
    await goesOn(authority);
    await isReady(authority);
    await standby[Symbol.asyncDispose]();
  });

  it('goes on with the connections that it has when there are no more to be had', async () => {
    await using primary = await startPostgres();
    await using authority = await open(listed(primary));
    await issue(authority);
    await primary.query('CREATE ROLE plain LOGIN CONNECTION LIMIT 1');
    await primary.query('CREATE DATABASE plain OWNER plain');
    const url = `postgres://plain@${hostOf(primary)}/plain`;
    await using plain = await open(url);
    await Promise.all(Array.from({ length: 40 }, () => plain.issueX509(requestOf('a'))));
    await assert.rejects(open(url), fails(/too many connections/));
  });
});
