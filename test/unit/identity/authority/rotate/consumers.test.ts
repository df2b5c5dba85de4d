import assert from 'node:assert/strict';
import { type ConsumerTracker, createConsumerTracker } from '../../../../../src/identity/authority/rotate/consumers.ts';
import { lookForRoot, type RootQuestion } from '../../../../../src/identity/authority/rotate/gate.ts';
import type { Consumer, UnexpiredRow } from '../../../../../src/identity/authority/store/store.ts';
import type { AckGrade, Channel } from '../../../../../src/identity/source/identity-source.ts';
import { finish } from '../../../../../src/lib/work.ts';
import type { SpiffeId } from '../../../../../src/spiffe/spiffe-id.ts';

const HOUR_MS = 3_600_000;
const spiffeId = 'spiffe://cluster.local/ns/default/sa/a' as SpiffeId; // of the test

const say = (tracker: ConsumerTracker, name: string, sequence: number, atMs: number, grade: AckGrade = 'sent'): void =>
  tracker.acknowledge(
    { consumer: name, channel: name.split(':')[0] as Channel, spiffeIds: [spiffeId], sequence, grade },
    atMs,
  );

/** Fetches one certificate and goes. */
function fetchAndLeave(tracker: ConsumerTracker, name: string, atMs: number): void {
  tracker.issued(name, atMs + HOUR_MS);
  say(tracker, name, 1, atMs);
  tracker.forget(name, atMs + 1);
}

const learnAll = (tracker: ConsumerTracker, stored: readonly Consumer[], alive: readonly string[]): void => {
  const learning = tracker.learn(alive);
  learning.take(stored);
  learning.end();
};

const forgottenOf = (tracker: ConsumerTracker): readonly string[] => tracker.takeForgotten(1_000_000, 1);

describe('createConsumerTracker', () => {
  it('keeps nothing of those who fetch a certificate and leave', () => {
    const tracker = createConsumerTracker('one', false);
    for (let i = 0; i < 10_000; i++) fetchAndLeave(tracker, `workload-api:${i}`, i * 1000);
    assert.equal(tracker.all.size, 0);
    assert.deepEqual(tracker.takeChanged(), []);
    assert.equal(forgottenOf(tracker).length, 10_000);
    tracker.forget('workload-api:1', 5);
    assert.deepEqual(forgottenOf(tracker), []);
  });

  it('keeps who left with a certificate older than its bundle, or acknowledged by itself, until what it holds expires', () => {
    const tracker = createConsumerTracker('one', false);
    for (const name of ['workload-api:1', 'sds:1', 'sds:2']) {
      if (name !== 'sds:2') tracker.issued(name, HOUR_MS);
      say(tracker, name, 1, 0);
      say(tracker, name, 2, 1, 'acknowledged');
    }
    tracker.issued('sds:1', 2 * HOUR_MS);
    for (const name of ['workload-api:1', 'sds:1', 'sds:2', 'of nobody']) tracker.forget(name, 10);
    assert.deepEqual([...tracker.all.keys()], ['workload-api:1', 'sds:1']);
    tracker.prune(HOUR_MS, 0);
    assert.deepEqual([...tracker.all.keys()], ['workload-api:1', 'sds:1']);
    tracker.prune(HOUR_MS + 1, 0);
    assert.deepEqual([...tracker.all.keys()], ['sds:1']);
    assert.deepEqual(forgottenOf(tracker), ['sds:2', 'workload-api:1']);
  });

  it('keeps who is here, and a decider elsewhere, which comes back by its name', () => {
    const tracker = createConsumerTracker('one', false);
    say(tracker, 'workload-api:1', 1, 0);
    tracker.issued('feed:a', HOUR_MS);
    say(tracker, 'feed:a', 1, 0, 'acknowledged');
    tracker.forget('feed:a', 1);
    tracker.prune(HOUR_MS, HOUR_MS);
    assert.deepEqual([...tracker.all.keys()], ['workload-api:1', 'feed:a']);
  });

  it('stores again who comes back while it is removed, and removes again what could not be', () => {
    const tracker = createConsumerTracker('one', false);
    for (const name of ['feed:a', 'feed:b']) {
      say(tracker, name, 1, 0);
      tracker.forget(name, 1);
    }
    tracker.prune(10, 0);
    tracker.takeChanged();
    const names = forgottenOf(tracker);
    assert.deepEqual(names, ['feed:a', 'feed:b']);
    say(tracker, 'feed:a', 2, 11);
    tracker.takeChanged();
    tracker.removed(names, false);
    assert.deepEqual(
      tracker.takeChanged().map(({ consumer }) => consumer),
      ['feed:a'],
    );
    assert.deepEqual(forgottenOf(tracker), ['feed:b']);
    assert.deepEqual(tracker.takeForgotten(10, 1), []);
  });

  it('takes what is stored: not who left and says no more, nor who was stored while it left us', () => {
    const before = createConsumerTracker('before', false);
    for (const name of ['workload-api:1', 'workload-api:2']) {
      before.issued(name, HOUR_MS);
      say(before, name, 1, 0);
    }
    say(before, 'workload-api:2', 2, 1);
    const stored = before.takeChanged();
    const next = createConsumerTracker('next', false);
    learnAll(next, stored, ['next']);
    assert.deepEqual(
      [...next.all.values()].map(({ consumer, connected }) => [consumer, connected]),
      [['workload-api:2', false]],
    );
    assert.deepEqual(forgottenOf(next), ['workload-api:1']);
    for (const name of ['workload-api:1', 'workload-api:2']) before.forget(name, 5);
    forgottenOf(before);
    learnAll(before, stored, ['before']); // the commit came after the removal
    assert.deepEqual([...before.all.keys()], ['workload-api:2']);
    assert.deepEqual(forgottenOf(before), ['workload-api:1']);
  });

  it('takes consumers that an older version wrote, those by time of which it knows too little', () => {
    const old = createConsumerTracker('old', false);
    for (const name of ['workload-api:1', 'sds:1']) {
      say(old, name, 1, 0, 'acknowledged');
    }
    const stored = old.takeChanged().map(({ heldUntil: _new, ...rest }) => ({ ...rest, connected: false }));
    const next = createConsumerTracker('next', false);
    learnAll(next, stored, ['next']);
    assert.deepEqual([...next.all.keys()], ['sds:1']);
    next.prune(Number.MAX_SAFE_INTEGER, 0);
    assert.equal(next.all.size, 1);
    next.prune(0, 1);
    assert.equal(next.all.size, 0);
  });

  it('forgets with the replica that it was at, and never removes one whose replica is only silent', () => {
    const [one, other] = [createConsumerTracker('one', true), createConsumerTracker('other', true)];
    say(one, 'workload-api:1', 1, 0);
    const stored = one.takeChanged();
    learnAll(other, stored, ['one', 'other']);
    assert.equal(other.all.get('workload-api:1')?.connected, true);
    learnAll(other, stored, ['other']);
    assert.equal(other.all.get('workload-api:1')?.connected, false);
    other.prune(HOUR_MS, 0);
    assert.deepEqual(forgottenOf(other), []);
    learnAll(other, stored, ['one', 'other']);
    assert.equal(other.all.get('workload-api:1')?.connected, true);
    one.forget('workload-api:1', 1);
    learnAll(other, [], ['one', 'other']);
    assert.equal(other.all.size, 0);
    assert.deepEqual(forgottenOf(other), []);
  });
});

/** What a history leaves: rows of the ledger, and consumers with and without forgetting. */
function historyOf(random: () => number) {
  const pick = (below: number): number => Math.floor(random() * below);
  const [tracker, plain] = [createConsumerTracker('one', false), createConsumerTracker('one', false)];
  const rows: UnexpiredRow[] = [];
  const here: string[] = [];
  const left = new Set<string>();
  let bundle = 1;
  let atMs = 0;
  const both = (step: (each: ConsumerTracker) => void): void => [tracker, plain].forEach(step);
  const word = (name: string, grade: AckGrade): void => both((each) => say(each, name, bundle, atMs, grade));
  const steps: readonly (() => void)[] = [
    () => here.push(`${pick(2) === 0 ? 'workload-api' : 'sds'}:${rows.length}-${atMs}`),
    () => {
      const name = here[pick(here.length)];
      if (name === undefined) return;
      const notAfterAt = atMs + HOUR_MS * (1 + pick(3));
      const channel = name.split(':')[0] as Channel;
      rows.push({
        ...{
          serial: `${rows.length}`,
          kind: 'x509',
          spiffeId,
          spkiSha256: '',
          authorityId: 'aa',
          channel,
          consumer: name,
        },
        ...{ notBeforeAt: atMs, issuedAt: atMs, notAfterAt, bundleSequence: bundle },
      });
      both((each) => each.issued(name, notAfterAt));
      if (pick(8) === 0) bundle += 1; // between the two
      word(name, 'sent');
      if (pick(2) === 0) both((each) => each.renewed(name, atMs));
    },
    () => {
      const name = here[pick(here.length)];
      if (name?.startsWith('sds')) word(name, pick(4) === 0 ? 'refused' : 'acknowledged');
    },
    () => {
      const [name] = here.splice(pick(here.length), 1);
      if (name === undefined) return;
      left.add(name);
      tracker.forget(name, atMs);
    },
    () => {
      if (pick(4) === 0) bundle += 1;
    },
    () => tracker.prune(atMs, atMs - 100 * HOUR_MS),
  ];
  for (let i = 0; i < 40; i++) {
    atMs += pick(HOUR_MS / 4);
    steps[pick(steps.length)]!();
  }
  const unforgotten = new Map(
    [...plain.all].map(([name, each]) => [name, left.has(name) ? { ...each, connected: false } : each]),
  );
  return { atMs, bundle, rows: rows.filter(({ notAfterAt }) => notAfterAt > atMs), all: tracker.all, unforgotten };
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const HISTORIES = Number(process.env['EDITS'] ?? 500);

describe('a gate over consumers that are forgotten', () => {
  it(`is never opened by that, and hardly ever closed (${HISTORIES} histories)`, () => {
    let gates = 0;
    let closer = 0;
    for (let seed = 0; seed < HISTORIES; seed++) {
      const { atMs, bundle, rows, all, unforgotten } = historyOf(randomFrom(seed));
      for (let needsSequence = 1; needsSequence <= bundle; needsSequence++)
        for (const grade of ['sent', 'acknowledged', 'renewed'] as const) {
          const question: RootQuestion = {
            ...{
              use: 'x509',
              needsSequence,
              publishedAt: 0,
              grade,
              atMs,
              halfLifeMs: HOUR_MS / 2,
              fetcherPatienceMs: { 'bundle-endpoint': 0, oidc: 0 },
            },
          };
          const doneBy = (consumers: ReadonlyMap<string, Consumer>): Map<string, number> => {
            const look = finish(lookForRoot(consumers, question));
            look.take(rows);
            return new Map(look.blockers().map((each) => [each.consumer, each.doneBy ?? Number.POSITIVE_INFINITY]));
          };
          const [now, plain] = [doneBy(all), doneBy(unforgotten)];
          for (const [name, until] of plain)
            assert.ok((now.get(name) ?? 0) >= until, JSON.stringify({ seed, needsSequence, grade, name }));
          gates += 1;
          if (now.size > plain.size) closer += 1;
        }
    }
    assert.ok(closer < gates / 20, `${closer} of ${gates}`);
  });
});
