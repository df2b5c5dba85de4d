import assert from 'node:assert/strict';
import type { Blocker } from '../../../../src/identity/authority/rotate/gate.ts';
import { FIRST_PAGE, pageOfBlockers } from '../../../../src/server/admin/blocker-page.ts';

const blockerOf = (index: number): Blocker => ({
  spiffeId: `spiffe://cluster.local/ns/default/sa/w${(index * 7919) % 2_500}`,
  serial: index.toString(16),
  consumer: `sds:${index}`,
  protocol: 'sds',
  grade: 'sent',
  holdsSequence: 1,
  needsSequence: 2,
  lastSeenAt: 0,
  doneBy: index % 100 === 0 ? undefined : 1_000,
});
const all = Array.from({ length: 2_500 }, (_, index) => blockerOf(index));

describe('pageOfBlockers', () => {
  it('gives a usual page, says how many there are, and who does not go by waiting first', async () => {
    const { blockers, blockerCount, next } = await pageOfBlockers(all, FIRST_PAGE);
    assert.deepEqual([blockers.length, blockerCount, next !== undefined], [1_000, 2_500, true]);
    assert.ok(blockers.slice(0, 25).every(({ doneBy }) => doneBy === null));
    assert.ok(blockers.slice(25).every(({ doneBy }) => doneBy !== null));
  });

  it('gives each of them once, page by page, though some are gone meanwhile', async () => {
    const seen: string[] = [];
    let page: string | undefined;
    let left = all;
    do {
      const answer = await pageOfBlockers(left, { limit: 400, page });
      seen.push(...answer.blockers.map(({ consumer }) => consumer));
      page = answer.next;
      left = left.filter(({ consumer }) => !seen.slice(0, 200).includes(consumer));
    } while (page !== undefined);
    assert.deepEqual(seen.toSorted(), all.map(({ consumer }) => consumer).toSorted());
  });
});
