import assert from 'node:assert/strict';
import fc from 'fast-check';
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
  const process: DeciderProcess = {
    pid: 4_711,
    loaded: true,
    attach(given) {
      events = given;
    },
    send: () => undefined,
    kill() {
      killed += 1;
    },
  };
  return { process, say: (word: unknown) => events!.heard(word as FromDecider), killed: () => killed };
}

describe('createDeciders', () => {
  it('ends a decider whose words make no sense, and goes on', async () => {
    const decider = puppet();
    const broke: number[] = [];
    const heard: unknown[] = [];
    const deciders = createDeciders({
      processes: [decider.process],
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
});
