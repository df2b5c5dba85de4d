import assert from 'node:assert/strict';
import { pacedAt, paceOf } from '../../../../../src/identity/authority/rotate/renewals.ts';
import { activateDueAt, prepareDueAt, renewDueAt } from '../../../../../src/identity/authority/rotate/schedule.ts';
import { randomSerial } from '../../../../../src/identity/pki/serial.ts';
import { openTestAuthority, orderOf, requestOf } from '../../../../support/authority.ts';
import { defaultSettings } from '../../../../support/settings.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the calendar', () => {
  const rows: { name: string; days: number; prepareDaysBefore: number; activateDaysBefore: number }[] = [
    { name: 'a day', days: 1, prepareDaysBefore: 0.5, activateDaysBefore: 1 / 6 },
    { name: 'a month', days: 30, prepareDaysBefore: 15, activateDaysBefore: 5 },
    { name: 'a year', days: 365, prepareDaysBefore: 30, activateDaysBefore: 7 },
  ];
  for (const { name, days, prepareDaysBefore, activateDaysBefore } of rows) {
    it(`prepares and activates an authority of ${name} in time`, () => {
      const life = { notBeforeAt: 0, notAfterAt: days * DAY };
      assert.equal(life.notAfterAt - prepareDueAt(life), prepareDaysBefore * DAY);
      assert.equal(life.notAfterAt - activateDueAt(life), activateDaysBefore * DAY);
    });
  }

  it('renews at half of the life ± 10 %, evenly spread, and always the same for one serial', () => {
    const life = { notBeforeAt: -10_000, notAfterAt: HOUR }; // signed at 0: they begin ten seconds in the past
    const dues = Array.from({ length: 1000 }, (_, index) => renewDueAt(life, `serial ${index}`));
    assert.ok(Math.min(...dues) >= 0.45 * HOUR && Math.min(...dues) < 0.46 * HOUR);
    assert.ok(Math.max(...dues) <= 0.55 * HOUR && Math.max(...dues) > 0.54 * HOUR);
    assert.equal(renewDueAt(life, 'a'), renewDueAt(life, 'a'));
  });

  it('renews at the same time however far an SVID is backdated, also where no serial says when it was signed', () => {
    const at = Date.UTC(2026, 0, 1, 0, 0, 0, 700);
    const serial = randomSerial(at).toString('hex');
    const dues = [0, 10_000, 300_000].map((backdateMs) => {
      const notBeforeAt = Math.floor((at - backdateMs) / 1000) * 1000;
      return renewDueAt({ notBeforeAt, notAfterAt: at + HOUR }, serial);
    });
    assert.deepEqual(dues, [dues[0], dues[0], dues[0]]);
    assert.ok(dues[0]! - at >= 0.45 * HOUR && dues[0]! - at <= 0.55 * HOUR);
    for (const foreign of ['4a', serial.replace(/^4/, 'c'), randomSerial(at - DAY).toString('hex'), `${serial}00`]) {
      const life = { notBeforeAt: at - 10_000, notAfterAt: at + HOUR };
      assert.equal(renewDueAt(life, foreign), renewDueAt(life, foreign, at), foreign);
    }
  });

  it('never finds an SVID due that was signed just now, however short it lives', () => {
    const due = renewDueAt({ notBeforeAt: -10_000, notAfterAt: 2_000 }, 'a');
    assert.ok(due >= 900 && due <= 1_100, String(due));
  });
});

describe('a paced taint', () => {
  const serials = Array.from({ length: 100_000 }, (_, index) => `serial ${index}`);

  it('signs no more a second than it may, canaries first and then a pause', () => {
    const pace = paceOf(0, serials.length, defaultSettings);
    const seconds = new Map<number, number>();
    for (const serial of serials) {
      const second = Math.floor(pacedAt(pace, serial) / 1000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    const first = Math.ceil(pace.lengthMs / 100_000); // seconds: the canaries keep the pace too
    let canaries = 0;
    for (let second = 0; second < first; second += 1) canaries += seconds.get(second) ?? 0;
    assert.ok(canaries > 800 && canaries < 1200, `${canaries} canaries`);
    for (let second = first; second < 30; second += 1) assert.equal(seconds.get(second) ?? 0, 0);
    assert.ok(Math.max(...seconds.values()) <= defaultSettings.renewalsPerSecond);
    assert.ok(Math.max(...seconds.keys()) <= 30 + (1.25 * serials.length) / defaultSettings.renewalsPerSecond);
  });

  it('pauses when bundles are refused, and goes on where it stopped when it has been quiet for a minute', async () => {
    const { authority, clock } = await openTestAuthority({ renewalsPerSecond: 0.4 });
    const svids = await Promise.all(Array.from({ length: 30 }, () => authority.issueX509(requestOf('a', 'self'))));
    let waiting = svids;
    const letPass = (seconds: number): number => {
      for (let second = 0; second < seconds; second += 1) {
        waiting = waiting.filter((svid) => authority.renewAt(svid) > clock.now());
        clock.advance(1000);
      }
      return svids.length - waiting.length;
    };
    await authority.prepare(orderOf());
    await authority.activate(orderOf());
    await authority.taint(orderOf());
    assert.ok(letPass(100) > 2);
    const heard = authority.renewals.value;
    for (let index = 0; index < 3; index += 1) authority.reportTrouble(`envoy ${index}`);
    await authority.tick();
    assert.ok(authority.renewals.value > heard, 'streams are told');
    const begun = letPass(1); // also who was due in the last second before
    assert.ok(begun < 28);
    // due before, and waiting for their turn; and one whose turn was given before it came
    const mayBegin = begun + authority.renewalsWaiting() + 1;
    const paused = letPass(60);
    assert.ok(paused >= begun && paused <= mayBegin, `nobody new begins: ${begun} ${paused} ${mayBegin}`);
    await authority.tick();
    assert.ok(letPass(1) <= paused + 1, 'it goes on where it stopped: 0.4 a second are at most one'); // jitter may fall into it
    assert.equal(letPass(250), 30);
  });

  it('does not pause by the troubles of who had them before', async () => {
    const { authority } = await openTestAuthority();
    for (const who of ['a stranger', 'a stranger', 'a scanner']) authority.reportTrouble(who);
    await authority.prepare(orderOf());
    await authority.activate(orderOf());
    await authority.taint(orderOf());
    for (const who of ['a stranger', 'a stranger', 'a scanner', 'envoy 1', 'envoy 1']) authority.reportTrouble(who);
    await authority.tick();
    assert.equal(authority.taintPaused(), false);
    authority.reportTrouble('envoy 1');
    await authority.tick();
    assert.equal(authority.taintPaused(), true);
  });
});
