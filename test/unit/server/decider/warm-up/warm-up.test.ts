import assert from 'node:assert/strict';
import { createCheck } from '../../../../../src/authz/check.ts';
import { unguarded } from '../../../../../src/authz/question.ts';
import { CheckCounters } from '../../../../../src/authz/record/counters.ts';
import { DecisionRing } from '../../../../../src/authz/record/ring.ts';
import { type DecisionState, nothingKnown } from '../../../../../src/authz/state.ts';
import { createWatchable } from '../../../../../src/lib/watchable.ts';
import { compileSnapshot } from '../../../../../src/policy/compile/compile-snapshot.ts';
import { rehearsedModel, rehearsedQuestions } from '../../../../../src/server/decider/warm-up/rehearsed.ts';
import { warmUp } from '../../../../../src/server/decider/warm-up/warm-up.ts';

describe('warmUp', () => {
  it('has an answer to each Check that it asks over its socket pair', async () => {
    const answers = await warmUp({ checks: 640, mostMs: 60_000 });
    assert.equal(answers, 640);
  });

  it('ends early on a machine that has no time', async () => {
    assert.equal(await warmUp({ checks: 1e6, mostMs: 0 }), 8);
  });
});

describe('what is rehearsed', () => {
  it('is of all kinds: mostly allowed, denied by a rule, by none, and for want of a destination', () => {
    const state: DecisionState = {
      snapshot: compileSnapshot(rehearsedModel, { allowEmpty: false }),
      ...nothingKnown,
    };
    const counters = new CheckCounters();
    const check = createCheck({
      state: createWatchable<DecisionState | undefined>(state),
      options: unguarded,
      verifyTokens: () => assert.fail('no policy asks for tokens'),
      ring: new DecisionRing(),
      counters,
      clock: { now: () => 0 },
    });
    const questions = rehearsedQuestions();
    for (const question of questions) check(question, { local: true });
    const counts = new Map(counters.take().decisions.map(({ reason, count }) => [reason, count]));
    assert.deepEqual([...counts.keys()].sort(), [
      'destination_unknown',
      'no_rule_allowed',
      'rule_allowed',
      'rule_denied',
    ]);
    assert.ok((counts.get('rule_allowed') ?? 0) > questions.length / 2);
  });
});
