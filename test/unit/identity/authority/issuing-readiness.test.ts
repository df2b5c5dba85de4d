import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../src/errors.ts';
import { createIssuingReadiness } from '../../../../src/identity/authority/issuing-readiness.ts';
import { watchStore } from '../../../../src/identity/authority/store/watched-store.ts';
import { createEmptyStore } from '../../../support/empty-store.ts';

const nothing = { clock: '', keys: '' };
const full = new GatehouseError('store_unavailable', 'the disk is full');

describe('createIssuingReadiness', () => {
  it('falls at the first call that the store fails, and rises only by a look in which nothing failed', async () => {
    const readiness = createIssuingReadiness();
    readiness.look()(nothing);
    assert.deepEqual(readiness.readiness.value, { ready: true, reason: '', cause: '' });
    const store = watchStore(
      {
        ...createEmptyStore(),
        appendLedger: async () => {
          throw full;
        },
      },
      readiness,
    );
    const end = readiness.look();
    await assert.rejects(store.appendLedger([], []), full);
    assert.deepEqual(readiness.readiness.value, { ready: false, reason: 'the disk is full', cause: 'store' });
    await store.heartbeat('a', '{}');
    end(nothing);
    assert.equal(readiness.readiness.value.ready, false, 'it failed during this look');
    readiness.look()(nothing);
    assert.equal(readiness.readiness.value.ready, true);
  });

  it('asks for a proof at first and after a failure, not while something is written', async () => {
    const readiness = createIssuingReadiness();
    assert.equal(readiness.needsProof(), true);
    await watchStore(createEmptyStore(), readiness).heartbeat('a', '{}');
    assert.equal(readiness.needsProof(), false);
    readiness.failed(full);
    assert.equal(readiness.needsProof(), true);
  });

  it('does not call the store down for what is not the store', () => {
    const readiness = createIssuingReadiness();
    readiness.failed(new GatehouseError('certificate_invalid', 'the upstream CA has expired'));
    const want = { ready: false, reason: 'the upstream CA has expired', cause: 'other' };
    assert.deepEqual(readiness.readiness.value, want);
    readiness.look()({ clock: 'clock_behind: …', keys: '' });
    assert.deepEqual(readiness.readiness.value, { ready: false, reason: 'clock_behind: …', cause: 'clock' });
    readiness.look()({ clock: '', keys: 'the token is away' });
    assert.deepEqual(readiness.readiness.value, { ready: false, reason: 'the token is away', cause: 'keys' });
  });
});
