import assert from 'node:assert/strict';
import { candidatesFor, type Owner } from '../../../src/transport/shares.ts';

const of = (count: number, who: string, part = '') =>
  Array.from({ length: count }, (_, n) => ({ owner: [who, part] as Owner, name: `${who}${part}${n}` }));

describe('candidatesFor', () => {
  const cases = [
    {
      name: 'takes from whoever has most, whoever came first',
      held: [...of(3, 'a'), ...of(9, 'b')],
      newcomer: ['c', ''],
      want: { from: ['b'], mustGive: true },
    },
    {
      name: 'takes from the part that has most',
      held: [...of(2, 'b', 'p'), ...of(7, 'b', 'q'), ...of(3, 'a')],
      newcomer: ['c', ''],
      want: { from: ['bq'], mustGive: true },
    },
    {
      name: 'lets who has most take from himself only what needs nothing',
      held: [...of(9, 'b'), ...of(3, 'a')],
      newcomer: ['b', ''],
      want: { from: ['b'], mustGive: false },
    },
    {
      name: 'lets a part take from a larger one of the same owner',
      held: [...of(9, 'b', 'p'), ...of(1, 'b', 'q')],
      newcomer: ['b', 'q'],
      want: { from: ['bp'], mustGive: true },
    },
    {
      name: 'takes nothing from those who have less',
      held: [...of(5, 'b'), ...of(5, 'a'), ...of(1, 'c')],
      newcomer: ['a', ''],
      want: { from: ['b', 'a'], mustGive: false },
    },
    {
      name: 'asks everybody where each has one',
      held: [...of(1, 'a'), ...of(1, 'b')],
      newcomer: ['c', ''],
      want: { from: ['a', 'b'], mustGive: false },
    },
  ] as const;
  for (const { name, held, newcomer, want } of cases) {
    it(name, () => {
      const { members, mustGive } = candidatesFor(held, newcomer);
      const from = [...new Set(members.map(({ owner }) => owner.join('')))].sort();
      assert.deepEqual({ from, mustGive }, { ...want, from: [...want.from].sort() });
    });
  }
});
