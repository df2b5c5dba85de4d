import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../src/errors.ts';
import { createStanding } from '../../../../src/identity/authority/standing.ts';
import { createMemoryStore } from '../../../../src/identity/authority/store/memory-store.ts';
import { watchStore } from '../../../../src/identity/authority/store/watched-store.ts';

const full = new GatehouseError('store_unavailable', 'the disk is full');

describe('createStanding', () => {
  it('falls at the first call that the store fails, and rises only by a look in which nothing failed', async () => {
    const standing = createStanding();
    standing.look()('');
    assert.deepEqual(standing.readiness.value, { ready: true, reason: '', cause: '' });
    const store = watchStore(
      {
        ...createMemoryStore(),
        appendLedger: async () => {
          throw full;
        },
      },
      standing,
    );
    const end = standing.look();
    await assert.rejects(store.appendLedger([], []), full);
    assert.deepEqual(standing.readiness.value, { ready: false, reason: 'the disk is full', cause: 'store' });
    await store.heartbeat('a', '{}');
    end('');
    assert.equal(standing.readiness.value.ready, false, 'it failed during this look');
    standing.look()('');
    assert.equal(standing.readiness.value.ready, true);
  });

  it('asks for a proof at first and after a failure, not while something is written', async () => {
    const standing = createStanding();
    assert.equal(standing.needsProof(), true);
    await watchStore(createMemoryStore(), standing).heartbeat('a', '{}');
    assert.equal(standing.needsProof(), false);
    standing.failed(full);
    assert.equal(standing.needsProof(), true);
  });

  it('does not call the store down for what is not the store', () => {
    const standing = createStanding();
    standing.failed(new GatehouseError('certificate_invalid', 'the upstream CA has expired'));
    const want = { ready: false, reason: 'the upstream CA has expired', cause: 'other' };
    assert.deepEqual(standing.readiness.value, want);
    standing.look()('clock_behind: …');
    assert.deepEqual(standing.readiness.value, { ready: false, reason: 'clock_behind: …', cause: 'clock' });
  });
});
