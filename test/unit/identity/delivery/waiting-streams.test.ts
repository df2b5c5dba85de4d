import assert from 'node:assert/strict';
import type { Attestation } from '../../../../src/identity/attestation/attestor.ts';
import type { WaitingStream } from '../../../../src/identity/delivery/delivery-deps.ts';
import { createWaitingStreams } from '../../../../src/identity/delivery/waiting-streams.ts';
import type { Entry } from '../../../../src/identity/registration/entry.ts';
import type { IdentitySource } from '../../../../src/identity/source/identity-source.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { eventually } from '../../../support/eventually.ts';

function waitingRoom() {
  const bundles = createWatchable(0);
  const state = { now: 1_000, ticking: undefined as (() => void) | undefined };
  const source = { bundles, renewals: createWatchable(0) } as unknown as IdentitySource; // nobody here reads more
  const waiting = createWaitingStreams({
    source,
    entries: createWatchable<readonly Entry[]>([]),
    clock: { now: () => state.now },
    ticks: {
      subscribe(listener) {
        state.ticking = listener;
        return () => {
          state.ticking = undefined;
        };
      },
    },
  });
  return { waiting, bundles, state };
}

function listener(dueAt = Number.POSITIVE_INFINITY): WaitingStream & { heard: number; alive: boolean } {
  const self = { dueAt, heard: 0, alive: true, attestation: undefined as Attestation | undefined, wake: () => {} };
  self.attestation = { traceId: '', selectors: [], pid: 1, uid: 1, alive: () => self.alive };
  self.wake = () => {
    self.heard += 1;
  };
  return self;
}

describe('createWaitingStreams', () => {
  it('tells thousands, some in each turn of the loop, each once a change at most', async () => {
    const { waiting, bundles } = waitingRoom();
    const all = Array.from({ length: 2_000 }, () => listener());
    for (const each of all) waiting.add(each);
    bundles.replace(1);
    const toldAtOnce = all.filter(({ heard }) => heard > 0).length;
    assert.ok(toldAtOnce > 0 && toldAtOnce < 1_000, `${toldAtOnce}`);
    const gone = all.at(-1)!;
    waiting.remove(gone);
    bundles.replace(2);
    await eventually('all have heard', () => all.slice(0, -1).every(({ heard }) => heard > 0) || undefined);
    await eventually('the first hear again', () => all[0]!.heard === 2 || undefined);
    assert.ok(all.every(({ heard }) => heard <= 2));
    assert.equal(gone.heard, 0);
  });

  it('wakes everybody when the clock is set back', async () => {
    const { waiting, state } = waitingRoom();
    const all = [listener(), listener(2_000)];
    for (const each of all) waiting.add(each);
    for (const [now, heard] of [
      [1_500, 0],
      [600, 0],
      [1_500, 0],
      [400, 1],
      [400, 1],
    ] as const) {
      state.now = now;
      state.ticking?.();
      assert.deepEqual(
        all.map((each) => each.heard),
        [heard, heard],
        String(now),
      );
    }
  });

  it('wakes who is due, and whose process has ended, that not at every tick', () => {
    const { waiting, state } = waitingRoom();
    const [due, dead, other] = [listener(1_500), listener(), listener()];
    for (const each of [due, dead, other]) waiting.add(each);
    state.ticking?.();
    dead.alive = false;
    state.now = 1_400;
    state.ticking?.();
    assert.deepEqual([due.heard, dead.heard, other.heard], [0, 0, 0]);
    state.now = 1_500;
    state.ticking?.();
    assert.deepEqual([due.heard, dead.heard, other.heard], [1, 0, 0]);
    state.now = 2_000;
    state.ticking?.();
    assert.deepEqual([due.heard, dead.heard, other.heard], [2, 1, 0]);
    state.now = 10;
    state.ticking?.();
    assert.equal(dead.heard, 2, 'a clock that was set back does not stop the look');
  });

  it('listens only while somebody does', () => {
    const { waiting, state } = waitingRoom();
    const [one, two] = [listener(), listener()];
    assert.equal(state.ticking, undefined);
    waiting.add(one);
    waiting.add(two);
    waiting.remove(one);
    waiting.remove(one);
    assert.notEqual(state.ticking, undefined);
    waiting.remove(two);
    assert.equal(state.ticking, undefined);
  });
});
