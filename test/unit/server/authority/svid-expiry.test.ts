import assert from 'node:assert/strict';
import type { UnexpiredRow } from '../../../../src/identity/authority/store/store.ts';
import { createSvidExpiries, createSvidExpiryLook } from '../../../../src/server/authority/svid-expiry.ts';

const row = (name: string, notAfterAt: number, kind: 'x509' | 'jwt' = 'x509'): UnexpiredRow => ({
  ...{
    serial: name + notAfterAt,
    kind,
    spiffeId: name,
    spkiSha256: '',
    authorityId: 'a',
    notBeforeAt: 0,
    notAfterAt,
    issuedAt: 0,
  },
  ...{ channel: 'sds', consumer: '', bundleSequence: 1 },
});

function setup({ isShared = false, entitled = ['a', 'b'] }: { isShared?: boolean; entitled?: string[] } = {}) {
  const world = {
    now: 0,
    rows: [] as UnexpiredRow[],
    away: false,
    lapsed: 0,
    ttl: 0,
    expiry: undefined as number | undefined,
  };
  const expiries = createSvidExpiries();
  async function* pages(): AsyncGenerator<readonly UnexpiredRow[]> {
    if (world.away) throw new Error('away');
    for (const each of world.rows) if (each.notAfterAt > world.now) yield [each];
  }
  const look = createSvidExpiryLook({
    ...{ expiries, isShared, unexpired: pages, now: () => world.now },
    entitled: () => new Set(entitled),
    ttlSeconds: () => 3600,
    metrics: {
      setSvidTtl: (seconds) => {
        world.ttl = seconds;
      },
      setSvidExpiry: (seconds) => {
        world.expiry = seconds;
      },
      countLapsed: (count) => {
        world.lapsed += count;
      },
    },
  });
  return { world, expiries, look, entitled };
}

describe('createSvidExpiryLook', () => {
  it('knows after a restart what the ledger has, by the latest of each ID, and no tokens', async () => {
    const { world, look } = setup();
    world.rows = [row('a', 10_000), row('a', 60_000), row('b', 90_000), row('b', 5_000, 'jwt')];
    await look();
    assert.equal(world.expiry, 60);
    assert.equal(world.ttl, 3600);
  });

  it('says none when nothing is out', async () => {
    const { world, look } = setup();
    await look();
    assert.equal(world.expiry, undefined);
    assert.equal(world.lapsed, 0);
  });

  it('counts only IDs that are still given, and every one that nobody renewed, once', async () => {
    const { world, look, entitled } = setup();
    world.rows = [row('gone', 10_000), row('a', 60_000), row('b', 20_000)];
    await look();
    assert.equal(world.expiry, 20, 'the one that nobody is given any more does not alert');
    entitled.splice(entitled.indexOf('b'), 1);
    await look();
    assert.equal(world.expiry, 60);
    assert.equal(world.lapsed, 0);
    world.now = 10_000;
    await look();
    assert.equal(world.lapsed, 1);
    world.now = 60_000;
    await look();
    await look();
    assert.equal(world.expiry, undefined);
    assert.equal(world.lapsed, 3);
  });

  it('goes on with what this process issues', async () => {
    const { world, look, expiries } = setup();
    world.rows = [row('a', 60_000)];
    await look();
    expiries.note('a', 120_000);
    world.now = 60_000;
    await look();
    assert.equal(world.expiry, 60);
    assert.equal(world.lapsed, 0);
  });

  it('reads again when the store was away, and calls nothing lapsed before', async () => {
    const { world, look, expiries } = setup();
    world.away = true;
    expiries.note('a', 1_000);
    world.now = 2_000;
    await look();
    assert.equal(world.lapsed, 0);
    world.away = false;
    world.rows = [row('a', 50_000)];
    await look();
    assert.equal(world.lapsed, 0);
    assert.equal(world.expiry, 48);
  });

  it('sees what another replica renewed', async () => {
    const { world, look, expiries } = setup({ isShared: true });
    await look();
    expiries.note('a', 1_000);
    world.rows = [row('a', 50_000)];
    world.now = 2_000;
    while (world.expiry !== 48) await look();
    assert.equal(world.lapsed, 0);
  });
});
