import assert from 'node:assert/strict';
import { createReadinessBoard } from '../../../../src/platform/observe/readiness.ts';

describe('createReadinessBoard', () => {
  it('waits for every part at start, also for those that only stand beside', () => {
    const board = createReadinessBoard(['authority', 'policies'], ['authority']);
    board.set('policies', '');
    assert.deepEqual(board.state.value, {
      ready: false,
      waiting: { authority: 'starting' },
      degraded: [],
      details: {},
    });
    board.set('authority', 'no key');
    assert.deepEqual(board.state.value.waiting, { authority: 'no key' });
    board.set('authority', '');
    assert.deepEqual(board.state.value, { ready: true, waiting: {}, degraded: [], details: {} });
  });

  it('is degraded while a part beside is away, and not ready while another is', () => {
    const board = createReadinessBoard(['authority', 'policies'], ['authority']);
    for (const part of ['authority', 'policies']) board.set(part, '');
    board.set('authority', 'the store fails');
    board.degrade('policies', ['a.yaml:7']);
    assert.deepEqual(board.state.value, {
      ready: true,
      waiting: {},
      degraded: ['a.yaml:7', 'authority: the store fails'],
      details: {},
    });
    assert.equal(board.isReady('authority'), false);
    board.set('policies', 'gone');
    assert.equal(board.state.value.ready, false);
    board.set('authority', '');
    board.set('policies', '');
    board.set('authority', 'the clock is behind', 'always needed');
    assert.deepEqual(board.state.value.waiting, { authority: 'the clock is behind' });
    board.set('authority', '');
    assert.deepEqual(board.state.value, { ready: true, waiting: {}, degraded: ['a.yaml:7'], details: {} });
  });
});
