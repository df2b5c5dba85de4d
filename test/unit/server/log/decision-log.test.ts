import assert from 'node:assert/strict';
import { pino } from 'pino';
import type { RedactedDecision } from '../../../../src/authz/record/redacted-decision.ts';
import { createDecisionLog, type DecisionLog, type RecentQuestion } from '../../../../src/server/log/decision-log.ts';

const log = pino({ level: 'silent' });

function entry(id: string, effect: 'allow' | 'deny', decidedAt: number): RedactedDecision {
  const decision = {
    ...{
      effect,
      reason: effect === 'allow' ? ('rule_allowed' as const) : ('rule_denied' as const),
      plane: undefined,
      stage: undefined,
    },
    ...{ owner: undefined, policy: undefined, rule: undefined, dryRun: undefined, audit: undefined },
  } as const;
  return {
    ...{ id, decidedAt, decision, destination: undefined, snapshot: 1, request: undefined },
    ...{ caller: { local: true }, tokens: undefined },
  };
}

const recent = (of: DecisionLog, asked: Partial<RecentQuestion<{ readonly id: string }>>) =>
  of.recent({ most: 10, recordOf: ({ id }) => ({ id }), ...asked });

const ids = (of: { readonly records: readonly { readonly id: string }[] }) => of.records.map(({ id }) => id);

describe('createDecisionLog', () => {
  it('gives what has come since, also what was decided before and told late', () => {
    const decisions = createDecisionLog(log);
    decisions.add([entry('a', 'allow', 10), entry('b', 'deny', 30)]);
    const first = recent(decisions, { most: 10 });
    assert.deepEqual([ids(first), first.gap], [['b', 'a'], false]);
    decisions.add([entry('late', 'allow', 20)]);
    const second = recent(decisions, { most: 10, after: first.next });
    assert.deepEqual([ids(second), second.gap], [['late'], false]);
    assert.deepEqual(ids(recent(decisions, { most: 10, after: second.next })), []);
  });

  it('gives all where the server was started anew since', () => {
    const before = recent(createDecisionLog(log), { most: 1 }).next;
    const decisions = createDecisionLog(log);
    decisions.add([entry('a', 'allow', 10)]);
    assert.deepEqual(ids(recent(decisions, { most: 10, after: before.replace(/^\w+/, 'zzz') })), ['a']);
  });

  it('keeps the latest of each kind, as many and as large as it may, and finds them', () => {
    const decisions = createDecisionLog(log, undefined, { kept: 3, keptBytes: 100 });
    const sized = (id: string, size: number) => ({ ...entry(id, 'allow', 1), request: Buffer.alloc(size) });
    decisions.add([entry('deny', 'deny', 1)]);
    for (let i = 0; i < 20; i++) decisions.add([sized(`small ${i}`, 10)]);
    const found = () =>
      ['deny', 'small 16', 'small 17', 'small 19', 'large', 'huge'].filter((id) => decisions.find(id));
    assert.deepEqual([found(), decisions.size], [['deny', 'small 17', 'small 19'], 4]);
    decisions.add([sized('large', 85)]);
    assert.deepEqual([found(), decisions.size], [['deny', 'small 19', 'large'], 3]);
    decisions.add([sized('huge', 101)]);
    assert.deepEqual([found(), decisions.size], [['deny'], 1]);
  });

  it('says where some are missing: too many at once, or pushed out', () => {
    const decisions = createDecisionLog(log, undefined, { kept: 2 });
    const { next } = recent(decisions, { most: 1 });
    decisions.add([entry('a', 'deny', 1), entry('b', 'deny', 2)]);
    assert.deepEqual(
      [1, 2].map((most) => recent(decisions, { most, after: next }).gap),
      [true, false],
    );
    decisions.add([entry('c', 'deny', 3)]);
    assert.equal(recent(decisions, { most: 10, after: next }).gap, true);
    assert.equal(recent(decisions, { most: 10, after: next, effect: 'allow' }).gap, false, 'no allow was pushed out');
    assert.equal(recent(decisions, { most: 1 }).gap, false, 'who asks for the latest wants no more');
  });

  it('gives only those of an effect, and those that are wanted, as many as are asked for', () => {
    const decisions = createDecisionLog(log);
    decisions.add(['a', 'b', 'c', 'd'].map((id, i) => entry(id, i % 2 === 0 ? 'allow' : 'deny', i)));
    assert.deepEqual(ids(recent(decisions, { most: 10, effect: 'deny' })), ['d', 'b']);
    assert.deepEqual(ids(recent(decisions, { most: 1, recordOf: (of) => (of.id < 'c' ? { id: of.id } : undefined) })), [
      'b',
    ]);
  });
});
