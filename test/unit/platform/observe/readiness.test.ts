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

  it('says since when each part is away and each thing broken, however often the reason changes meanwhile', () => {
    let nowMs = 1_000;
    const board = createReadinessBoard(['authority', 'policies'], ['authority'], () => nowMs);
    board.set('policies', '');
    nowMs = 2_000;
    board.set('authority', 'no key');
    assert.deepEqual(board.troubles(), [{ what: 'authority: no key', sinceAt: 1_000 }]);
    board.set('authority', '');
    board.degrade('policies', ['a.yaml:7']);
    nowMs = 3_000;
    board.degrade('policies', ['a.yaml:7', 'b.yaml:1']);
    board.set('authority', 'the store is away for 1 s');
    nowMs = 4_000;
    board.set('authority', 'the store is away for 2 s');
    assert.deepEqual(board.troubles(), [
      { what: 'authority: the store is away for 2 s', sinceAt: 3_000 },
      { what: 'a.yaml:7', sinceAt: 2_000 },
      { what: 'b.yaml:1', sinceAt: 3_000 },
    ]);
    board.degrade('policies', ['b.yaml:1']);
    nowMs = 5_000;
    board.degrade('policies', ['a.yaml:7', 'b.yaml:1']);
    board.set('authority', '');
    assert.deepEqual(board.troubles(), [
      { what: 'a.yaml:7', sinceAt: 5_000 },
      { what: 'b.yaml:1', sinceAt: 3_000 },
    ]);
  });
});
