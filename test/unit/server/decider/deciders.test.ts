import assert from 'node:assert/strict';
import { mock } from 'node:test';
import fc from 'fast-check';
import { createTicks } from '../../../../src/lib/ticks.ts';
import type { DeciderEvents, DeciderProcess } from '../../../../src/server/decider/decider-process.ts';
import { createDeciders } from '../../../../src/server/decider/deciders.ts';
import type { FromDecider } from '../../../../src/server/decider/messages.ts';

const kinds = [
  'loaded',
  'in-force',
  'refused',
  'revoked',
  'taken',
  'decisions',
  'report',
  'parity',
  'trouble',
  'drained',
];

/** A decider that says what it is told to. */
function puppet() {
  let events: DeciderEvents | undefined;
  let killed = 0;
  const asked: string[] = [];
  const process: DeciderProcess = {
    pid: 4_711,
    loaded: true,
    attach(given) {
      events = given;
    },
    send: ({ kind }) => void asked.push(kind),
    kill() {
      killed += 1;
    },
  };
  return { process, say: (word: unknown) => events!.heard(word as FromDecider), killed: () => killed, asked };
}

describe('createDeciders', () => {
  it('ends a decider whose words make no sense, and goes on', async () => {
    const decider = puppet();
    const broke: number[] = [];
    const heard: unknown[] = [];
    const deciders = createDeciders({
      processes: [decider.process],
      seconds: createTicks(1_000),
      heard(message) {
        heard.push(message);
        if (message.kind === 'report' && message.lane === undefined) throw new TypeError('counters take numbers');
      },
      ended: () => undefined,
      broke: (pid) => broke.push(pid),
    });
    try {
      for (const word of [undefined, null, { kind: 'report' }, { kind: 'report', counts: {} }]) decider.say(word);
      assert.deepEqual(broke, [4_711, 4_711, 4_711, 4_711]);
      assert.equal(decider.killed(), 4);
      decider.say({ kind: 'in-force', generation: 3 });
      assert.deepEqual(deciders.generations.value, [3], 'the next word is heard');
      fc.assert(
        fc.property(
          fc.oneof(
            fc.anything(),
            fc.record({
              kind: fc.constantFrom(...kinds),
              id: fc.anything(),
              counts: fc.anything(),
              generation: fc.anything(),
            }),
          ),
          (word) => decider.say(word),
        ),
      );
    } finally {
      for (const kind of ['drained']) decider.say({ kind });
      const ended = deciders[Symbol.asyncDispose]();
      decider.say({ kind: 'drained' });
      await ended;
    }
  });

  describe('asking for reports', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
    afterEach(() => mock.timers.reset());

    const reportOf = (count: number) => ({
      kind: 'report',
      counts: { decisions: count === 0 ? [] : [{ decision: 'allow', reason: 'rule_allowed', count }] },
    });
    const started = () => {
      const decider = puppet();
      const silent = () => undefined;
      createDeciders({
        processes: [decider.process],
        seconds: createTicks(1_000),
        heard: silent,
        ended: silent,
        broke: silent,
      });
      const reportsAskedIn = (seconds: number, answer?: unknown): number => {
        const before = decider.asked.length;
        for (let i = 0; i < seconds; i++) {
          const { length } = decider.asked;
          mock.timers.tick(1_000);
          if (answer !== undefined && decider.asked.length > length) decider.say(answer);
        }
        return decider.asked.length - before;
      };
      return { decider, reportsAskedIn };
    };

    it('asks one that decides each second, and one that decides nothing each five', () => {
      const { decider, reportsAskedIn } = started();
      assert.equal(reportsAskedIn(20, reportOf(3)), 20);
      reportsAskedIn(1, reportOf(0));
      assert.equal(reportsAskedIn(20, reportOf(0)), 4);
      decider.say({ kind: 'decisions', entries: [], dropped: 1 });
      assert.equal(reportsAskedIn(10, reportOf(3)), 10, 'at once when something is decided again');
    });

    for (const [name, last] of [
      ['decided something', reportOf(3)],
      ['was quiet', reportOf(0)],
    ] as const) {
      it(`ends one that has ${name} fifteen seconds after its last report`, () => {
        const { decider, reportsAskedIn } = started();
        reportsAskedIn(1, last);
        reportsAskedIn(15);
        assert.equal(decider.killed(), 0);
        reportsAskedIn(1);
        assert.equal(decider.killed(), 1);
      });
    }
  });
});
