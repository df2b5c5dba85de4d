import assert from 'node:assert/strict';
import { createRenewalQueue } from '../../../../../src/identity/authority/rotate/renewal-queue.ts';
import { createTestClock, openTestAuthority, requestOf } from '../../../../support/authority.ts';

const MINUTE = 60_000;

describe('createRenewalQueue', () => {
  const svid = (serial: number | string) => ({ serial: `serial ${serial}`, notBeforeAt: 0, notAfterAt: 60 * MINUTE });
  const halfWay = 30 * MINUTE;

  it('come one after the other, as many a second as may be, and stay the same', () => {
    const queue = createRenewalQueue(4);
    const given = Array.from({ length: 8 }, (_, index) => queue.placeOf(svid(index), halfWay) - halfWay);
    assert.deepEqual(given, [0, 250, 500, 750, 1000, 1250, 1500, 1750]);
    assert.equal(queue.placeOf(svid(3), halfWay + 100), halfWay + 750);
    assert.equal(queue.waiting(halfWay), 7);
    assert.equal(queue.waiting(halfWay + 1000), 3);
  });

  it('are given at once where nobody waits', () => {
    const queue = createRenewalQueue(1);
    for (let minute = 30; minute < 40; minute += 1) {
      assert.equal(queue.placeOf(svid(minute), minute * MINUTE), minute * MINUTE);
    }
  });

  it('do not keep an SVID waiting whose life is almost over, nor count it', () => {
    const queue = createRenewalQueue(0.0001);
    queue.placeOf(svid('first'), halfWay);
    assert.equal(
      queue.placeOf(svid('late'), halfWay),
      50 * MINUTE,
      'before its last sixth begins, whatever the queue is',
    );
    assert.equal(queue.placeOf(svid('urgent'), 51 * MINUTE), 51 * MINUTE);
  });

  it('are forfeited when they are not taken: after a standstill they would all come at once', () => {
    const queue = createRenewalQueue(1);
    for (let index = 0; index < 100; index += 1) queue.placeOf(svid(index), halfWay);
    const later = halfWay + 200_000;
    const now = Array.from({ length: 100 }, (_, index) => queue.placeOf(svid(index), later)).filter(
      (at) => at <= later,
    );
    assert.ok(now.length <= 6, `${now.length} at once`);
  });

  it('begin anew when the clock is set back', () => {
    const queue = createRenewalQueue(1);
    for (let index = 0; index < 100; index += 1) queue.placeOf(svid(index), halfWay);
    assert.equal(queue.placeOf(svid(99), halfWay - 20 * MINUTE), halfWay - 20 * MINUTE);
  });
});

describe('renewals that fall due at once', () => {
  const PER_SECOND = 10;
  const open = async (count: number) => {
    const clock = createTestClock();
    const { authority } = await openTestAuthority({ renewalsPerSecond: PER_SECOND }, { clock });
    const issue = () => authority.issueX509(requestOf('a', 'self'));
    return { clock, authority, issue, held: await Promise.all(Array.from({ length: count }, issue)) };
  };

  it('are signed at the pace of the settings after an outage, and all of them', async () => {
    const { clock, authority, issue, held } = await open(205);
    clock.advance(40 * MINUTE); // the server was away: all are due
    const perSecond: number[] = [];
    for (let second = 0; second < 30; second += 1) {
      let signed = 0;
      for (let tick = 0; tick < 4; tick += 1) {
        for (const [index, svid] of held.entries()) {
          if (authority.renewAt(svid) > clock.now()) continue;
          held[index] = await issue();
          signed += 1;
        }
        clock.advance(250);
      }
      perSecond.push(signed);
    }
    assert.ok(Math.max(...perSecond) <= PER_SECOND, perSecond.join());
    assert.equal(
      perSecond.reduce((sum, each) => sum + each),
      205,
    );
    assert.equal(authority.renewalsWaiting(), 0);
  });

  it('do not wait when little of their life is left, and a first SVID never does', async () => {
    const { clock, authority, issue, held } = await open(50);
    clock.advance(40 * MINUTE);
    for (const svid of held) authority.renewAt(svid);
    assert.equal(authority.renewalsWaiting(), 49);
    assert.ok(await issue(), 'at once');
    const [first] = held.map((svid) => authority.renewAt(svid)).sort((a, b) => a - b);
    assert.ok(first! < clock.now(), 'whose turn it is was due before');
    clock.advance(11 * MINUTE);
    assert.ok(held.every((svid) => authority.renewAt(svid) <= clock.now()));
  });
});
