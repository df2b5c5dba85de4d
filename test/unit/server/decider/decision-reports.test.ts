import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { decision } from '../../../../src/policy/decision.ts';
import { startReports } from '../../../../src/server/decider/decision-reports.ts';
import type { FromDecider } from '../../../../src/server/decider/messages.ts';

const deny = decision(undefined, 'deny', 'rule_denied');

/** Reports under a clock of the test; `decide` records so many denies. */
function reporting() {
  const told: FromDecider[] = [];
  const reports = startReports(
    (message) => told.push(message),
    // The shape does not matter here: how many are told does.
    ({ id }) => ({ id }) as never,
  );
  const decide = (count: number): void => {
    for (let i = 0; i < count; i++)
      reports.recorders.ring.record(
        deny,
        Buffer.alloc(16, 'x'),
        1_000_000,
        undefined,
        1,
        Buffer.alloc(1),
        { local: true },
        undefined,
      );
  };
  const decisions = (): readonly number[] =>
    told.flatMap((message) => (message.kind === 'decisions' ? [message.entries.length + message.dropped] : []));
  return { reports, decide, decisions, told };
}

describe('startReports', () => {
  let timers = 0;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    timers = 0;
    const { setTimeout: after, setInterval: every } = globalThis;
    mock.method(globalThis, 'setTimeout', (call: () => void, ms: number) => {
      timers += 1;
      return after(call, ms);
    });
    mock.method(globalThis, 'setInterval', (call: () => void, ms: number) => {
      timers += 1;
      return every(call, ms);
    });
  });
  afterEach(() => {
    mock.restoreAll();
    mock.timers.reset();
  });

  it('has no timer while nothing is decided', () => {
    using reports = reporting().reports;
    mock.timers.tick(60_000);
    assert.equal(timers, 0);
    assert.ok(reports.recorders.ring.isEmpty);
  });

  it('tells a decision a tenth of a second later, all of many in steps, and sleeps again', () => {
    const { reports, decide, decisions } = reporting();
    using _ = reports;
    mock.timers.tick(5_000);
    decide(1);
    mock.timers.tick(99);
    assert.deepEqual(decisions(), []);
    mock.timers.tick(1);
    assert.deepEqual(decisions(), [1]);
    decide(600); // 499 are kept, and 256 told at once
    for (let i = 0; i < 5; i++) mock.timers.tick(100);
    assert.deepEqual(decisions(), [1, 256 + 101, 243]);
    const before = timers;
    mock.timers.tick(60_000);
    assert.equal(timers, before);
    decide(1); // no rate is left: that it was dropped is told all the same
    mock.timers.tick(100);
    assert.deepEqual(decisions(), [1, 256 + 101, 243, 1]);
  });

  it('tells everything before a report, and wakes up for what comes after', () => {
    const { reports, decide, decisions, told } = reporting();
    using _ = reports;
    decide(300);
    reports.report(undefined);
    assert.deepEqual(decisions(), [300]);
    assert.equal(told.at(-1)?.kind, 'report');
    mock.timers.tick(100);
    decide(2);
    mock.timers.tick(100);
    assert.deepEqual(decisions(), [300, 2]);
  });
});
