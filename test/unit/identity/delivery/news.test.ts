import assert from 'node:assert/strict';
import type { Attestation } from '../../../../src/identity/attestation/attestor.ts';
import type { Listener } from '../../../../src/identity/delivery/delivery-deps.ts';
import { createNews } from '../../../../src/identity/delivery/news.ts';
import type { Entry } from '../../../../src/identity/registration/entry.ts';
import type { IdentitySource } from '../../../../src/identity/source/identity-source.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { eventually } from '../../../support/eventually.ts';

function newsroom() {
  const bundles = createWatchable(0);
  const state = { now: 1_000, ticking: undefined as (() => void) | undefined };
  const source = { bundles, renewals: createWatchable(0) } as unknown as IdentitySource; // nobody here reads more
  const news = createNews({
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
  return { news, bundles, state };
}

function listener(dueAt = Number.POSITIVE_INFINITY): Listener & { heard: number; alive: boolean } {
  const self = { dueAt, heard: 0, alive: true, attestation: undefined as Attestation | undefined, knock: () => {} };
  self.attestation = { traceId: '', selectors: [], pid: 1, uid: 1, alive: () => self.alive };
  self.knock = () => {
    self.heard += 1;
  };
  return self;
}

describe('createNews', () => {
  it('tells thousands, some in each turn of the loop, each once a piece of news at most', async () => {
    const { news, bundles } = newsroom();
    const all = Array.from({ length: 2_000 }, () => listener());
    for (const each of all) news.add(each);
    bundles.replace(1);
    const toldAtOnce = all.filter(({ heard }) => heard > 0).length;
    assert.ok(toldAtOnce > 0 && toldAtOnce < 1_000, `${toldAtOnce}`);
    const gone = all.at(-1)!;
    news.remove(gone);
    bundles.replace(2);
    await eventually('all have heard', () => all.slice(0, -1).every(({ heard }) => heard > 0) || undefined);
    await eventually('the first hear again', () => all[0]!.heard === 2 || undefined);
    assert.ok(all.every(({ heard }) => heard <= 2));
    assert.equal(gone.heard, 0);
  });

  it('wakes everybody when the clock is set back', async () => {
    const { news, state } = newsroom();
    const all = [listener(), listener(2_000)];
    for (const each of all) news.add(each);
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
    const { news, state } = newsroom();
    const [due, dead, other] = [listener(1_500), listener(), listener()];
    for (const each of [due, dead, other]) news.add(each);
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
    const { news, state } = newsroom();
    const [one, two] = [listener(), listener()];
    assert.equal(state.ticking, undefined);
    news.add(one);
    news.add(two);
    news.remove(one);
    news.remove(one);
    assert.notEqual(state.ticking, undefined);
    news.remove(two);
    assert.equal(state.ticking, undefined);
  });
});
