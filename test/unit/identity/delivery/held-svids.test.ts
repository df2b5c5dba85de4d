import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../src/errors.ts';
import type { ConsumerStream } from '../../../../src/identity/delivery/consumers.ts';
import type { DeliveryDeps } from '../../../../src/identity/delivery/delivery-deps.ts';
import { createHeldSvids } from '../../../../src/identity/delivery/held-svids.ts';
import type { Entitlement } from '../../../../src/identity/source/identity-source.ts';
import type { X509Svid } from '../../../../src/spiffe/svid.ts';
import { entry } from '../../../support/workload-endpoint.ts';

const a = entry('spiffe://cluster.local/a', ['unix:uid:1']);
const b = entry('spiffe://cluster.local/b', ['unix:uid:1']);
const attestation = { traceId: '', selectors: ['unix:uid:1'], pid: 1, uid: 1, alive: () => true };

/** SVIDs that live 100 s, due at half of it; times in seconds. */
function held() {
  const state = {
    now: 1_000,
    count: 0,
    failing: false,
    revoked: '',
    failures: 0,
    pulledForwardTo: Number.POSITIVE_INFINITY,
  };
  const deps = {
    clock: { now: () => state.now },
    source: { renewAt: ({ notAfterAt }: X509Svid) => Math.min(notAfterAt - 50_000, state.pulledForwardTo) },
    observer: { renewalFailed: () => (state.failures += 1) },
  } as unknown as DeliveryDeps; // nobody here uses more
  const stream = {
    consumer: 'c',
    svids: {
      get: async ({ entitlement }: { entitlement: Entitlement }) => {
        if (state.revoked === entitlement.spiffeId) throw new GatehouseError('not_entitled', 'revoked');
        if (state.failing) throw new GatehouseError('store_unavailable', 'away');
        state.count += 1;
        return { serial: String(state.count), notBeforeAt: state.now, notAfterAt: state.now + 100_000 } as X509Svid; // likewise
      },
    },
  } as unknown as ConsumerStream;
  const svids = createHeldSvids(deps, stream, 'sds');
  const serials = async (entries = [a]) => (await svids.refresh(entries, attestation)).map(({ svid }) => svid.serial);
  return { state, svids, serials };
}

describe('createHeldSvids', () => {
  it('keeps an SVID until it is due', async () => {
    const { state, svids, serials } = held();
    assert.deepEqual(await serials(), ['1']);
    assert.equal(svids.dueAt, 51_000);
    state.now = 50_999;
    assert.deepEqual(await serials(), ['1']);
    state.now = 51_000;
    assert.deepEqual(await serials(), ['2']);
  });

  it('renews earlier when the authority says so', async () => {
    const { state, svids, serials } = held();
    await serials();
    state.pulledForwardTo = 2_000;
    assert.equal(svids.dueAt, 2_000);
    state.now = 2_000;
    assert.deepEqual(await serials(), ['2']);
  });

  it('replaces one that is not valid yet since the clock was set back, also after a renewal that failed by the other clock', async () => {
    const { state, svids, serials } = held();
    await serials();
    state.failing = true;
    state.now = 51_000;
    await serials();
    state.failing = false;
    state.now = 999;
    assert.ok(svids.dueAt <= state.now);
    assert.deepEqual(await serials(), ['2']);
    state.failing = true;
    state.now = 500;
    await assert.rejects(serials(), /away/);
  });

  it('takes a new one when the terms of the entry change, and only then', async () => {
    const { serials } = held();
    await serials();
    assert.deepEqual(await serials([{ ...a, hint: 'x', origin: 'y' }]), ['1']);
    assert.deepEqual(await serials([{ ...a, dnsNames: ['a.test'] }]), ['2']);
    assert.deepEqual(await serials([{ ...a, dnsNames: ['a.test'] }, b]), ['2', '3']);
  });

  it('keeps a good one while renewals fail, tries again ever more seldom, and gives up when it has expired', async () => {
    const { state, svids, serials } = held();
    await serials();
    state.failing = true;
    state.now = 51_000;
    assert.deepEqual(await serials(), ['1']);
    assert.deepEqual([state.failures, svids.dueAt], [1, 52_000]);
    assert.deepEqual(await serials(), ['1'], 'a look before that is no retry');
    assert.equal(state.failures, 1);
    state.now = 52_000;
    await serials();
    assert.deepEqual([state.failures, svids.dueAt], [2, 54_000]);
    state.now = 100_000;
    await serials();
    assert.equal(svids.dueAt, 101_000, 'never later than its end');
    state.now = 101_000;
    await assert.rejects(serials(), { code: 'store_unavailable' });
  });

  it('has nothing to fall back on at first', async () => {
    const { state, serials } = held();
    state.failing = true;
    await assert.rejects(serials(), { code: 'store_unavailable' });
  });

  it('gives what it can while one of several IDs is refused, asks for that one again, and refuses only where all are', async () => {
    const { state, svids, serials } = held();
    state.revoked = a.spiffeId;
    assert.deepEqual(await serials([a, b]), ['1']);
    assert.deepEqual([state.failures, svids.dueAt], [1, 2_000], 'and it is told');
    state.now = 2_000;
    assert.deepEqual(await serials([a, b]), ['1']);
    assert.deepEqual([state.failures, svids.dueAt], [1, 4_000], 'ever more seldom, and not told again');
    state.now = 4_000;
    state.revoked = '';
    assert.deepEqual(await serials([a, b]), ['2', '1'], 'in their order');
    assert.equal(svids.dueAt, 51_000);
    state.revoked = a.spiffeId;
    await assert.rejects(serials([{ ...a, dnsNames: ['a.test'] }]), { code: 'not_entitled' });
    state.failing = true;
    await assert.rejects(serials([{ ...b, dnsNames: ['b.test'] }, a]), { code: 'store_unavailable' });
  });
});
