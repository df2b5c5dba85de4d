import assert from 'node:assert/strict';
import { createTurns } from '../../../../../src/identity/attestation/kubernetes/turns.ts';

describe('createTurns', () => {
  it('runs so many at a time, the others in the order in which they came, and refuses who would wait too long', async () => {
    const turns = createTurns({ atOnce: 2, waiting: 2, refused: () => new Error('too many') });
    const begun: number[] = [];
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const works = gates.map(({ promise }, i) =>
      turns.take(async () => {
        begun.push(i);
        await promise;
        return i;
      }),
    );
    await assert.rejects(
      turns.take(async () => 9),
      /too many/,
    );
    assert.deepEqual(begun, [0, 1]);
    gates[1]!.resolve();
    assert.equal(await works[1], 1);
    assert.deepEqual(begun, [0, 1, 2]);
    gates[0]!.reject(new Error('mine'));
    await assert.rejects(works[0]!, /mine/);
    assert.deepEqual(begun, [0, 1, 2, 3]);
    for (const { resolve } of gates) resolve();
    assert.deepEqual(await Promise.all(works.slice(1)), [1, 2, 3]);
    assert.equal(await turns.take(async () => 9), 9);
  });
});
