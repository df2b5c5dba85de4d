import assert from 'node:assert/strict';
import type { ProofOutcome } from '../../../../src/server/proofs/proof-order.ts';
import { lossesAfter, noLosses } from '../../../../src/server/proofs/tenant-losses.ts';

const end = { labels: [], serviceAccount: 'x' };
const open: ProofOutcome = {
  verdicts: [
    {
      ...{ tenant: 'red', direction: 'in', proved: false, extent: 'none' },
      leak: {
        from: { ...end, namespace: 'blue', pod: 'web' },
        to: { ...end, namespace: 'red-1', pod: 'cart' },
        ...{ request: 'on TCP 80', by: undefined, why: 'blue/web reaches red-1/cart' },
      },
    },
  ],
};

const alone = (extent: 'today' | 'future'): ProofOutcome => ({
  verdicts: [{ tenant: 'red', direction: 'in', proved: true, extent, leak: undefined }],
});

describe('lossesAfter', () => {
  it('tells the own namespace of a tenant, in words of it alone', () => {
    const [loss, ...more] = lossesAfter(noLosses, open, ['red'], 7).open;
    assert.deepEqual(more, []);
    assert.deepEqual([loss?.namespace, loss?.sinceAtMs], ['red-1', 7]);
    assert.match(loss!.note, /a pod of another namespace reaches red-1\/cart on TCP 80, no policy keeps it out/);
  });

  it('keeps since when, and forgets it once it is closed', () => {
    const first = lossesAfter(noLosses, open, ['red'], 7);
    assert.equal(lossesAfter(first, open, ['red'], 9).open[0]?.sinceAtMs, 7);
    assert.deepEqual(lossesAfter(first, alone('today'), ['red'], 9).open, []);
  });

  it('takes for a loss what is proved for less than it was, until it is proved for as much', () => {
    const first = lossesAfter(noLosses, alone('future'), ['red'], 1);
    const second = lossesAfter(first, alone('today'), ['red'], 2);
    assert.deepEqual([first.open.length, second.open.length], [0, 1]);
    assert.deepEqual(lossesAfter(second, alone('future'), ['red'], 3).open, []);
    assert.deepEqual(lossesAfter(noLosses, alone('today'), ['red'], 2).open, [], 'nothing more was promised');
  });

  it('takes every tenant for open while nobody can say, and remembers what was proved', () => {
    const first = lossesAfter(noLosses, alone('future'), ['red', 'blue'], 1);
    const losses = lossesAfter(first, { unknown: 'a rule of blue/secret' }, ['red', 'blue'], 1);
    assert.equal(losses.open.length, 4);
    assert.doesNotMatch(JSON.stringify(losses.open), /secret/);
    assert.equal(lossesAfter(losses, alone('today'), ['red', 'blue'], 2).open.length, 1);
  });
});
