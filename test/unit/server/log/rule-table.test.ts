import assert from 'node:assert/strict';
import type { RuleHit } from '../../../../src/authz/record/rule-hits.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { createRuleTable, type RuleTable } from '../../../../src/server/log/rule-table.ts';
import { modelOf } from '../../../support/model-of.ts';

const policy = (name: string, ...rules: readonly string[]): string =>
  `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: default }
spec: { action: ALLOW, rules: [${rules.join(', ')}] }
---
`;
const method = (...methods: readonly string[]): string =>
  `{ to: [{ operation: { methods: [${methods.join(', ')}] } }] }`;

/** Counts one decision of each rule in force. */
const hitAll = (table: RuleTable, model: PolicyModel, lastAt: number): void =>
  table.add([...table.inForce(model)].map((rule): RuleHit => ({ ...rule, count: 1, lastAt })));

/** `policy rule: count since`. */
function shown(table: RuleTable, model: PolicyModel): readonly string[] {
  const counts = new Map(table.totals().map(({ name, text, count }) => [`${name} ${text}`, count]));
  return [...table.inForce(model)].map(
    ({ name, index, text, sinceAt }) => `${name} ${index}: ${counts.get(`${name} ${text}`) ?? 0} ${sinceAt}`,
  );
}

const HOUR_MS = 3_600_000;

describe('createRuleTable', () => {
  const get = method('GET');
  const put = method('PUT');
  const before = policy('a', get, put) + policy('b', get);
  const cases: readonly {
    readonly name: string;
    readonly steps: readonly (readonly [string, number])[];
    readonly want: readonly string[];
  }[] = [
    { name: 'the same text, read anew', steps: [[before, 2]], want: ['a 0: 1 1', 'a 1: 1 1', 'b 0: 1 1'] },
    {
      name: 'a rule that has moved within its policy',
      steps: [[policy('a', put, get), 2]],
      want: ['a 0: 1 1', 'a 1: 1 1'],
    },
    {
      name: 'the rules beside an edited one, which begins anew',
      steps: [[policy('a', get, method('PUT', 'POST')), 2]],
      want: ['a 0: 1 1', 'a 1: 0 2'],
    },
    {
      name: 'nothing of a rule of another policy that says the same',
      steps: [[policy('c', get), 2]],
      want: ['c 0: 0 2'],
    },
    {
      name: 'rules that were away for a moment, as where a file is written',
      steps: [
        ['', 2],
        [before, 3],
      ],
      want: ['a 0: 1 1', 'a 1: 1 1', 'b 0: 1 1'],
    },
    {
      name: 'nothing of rules that were away for long',
      steps: [
        ['', 2],
        ['', HOUR_MS],
        [before, 2 * HOUR_MS],
      ],
      want: [`a 0: 0 ${2 * HOUR_MS}`, `a 1: 0 ${2 * HOUR_MS}`, `b 0: 0 ${2 * HOUR_MS}`],
    },
    {
      name: 'two rules of one text apart',
      steps: [[policy('a', get, get), 2]],
      want: ['a 0: 1 1', 'a 1: 0 2'],
    },
  ];
  for (const { name, steps, want } of cases)
    it(`keeps over a reload ${name}`, async () => {
      const table = createRuleTable({ sinceAt: 0 });
      let model = modelOf(before);
      await table.follow(model, 1);
      hitAll(table, model, 1);
      for (const [text, atMs] of steps) {
        model = modelOf(text);
        await table.follow(model, atMs);
      }
      assert.deepEqual(shown(table, model), want);
    });

  it('adds up what deciders say, and counts what finds no row', async () => {
    const table = createRuleTable({ most: 2 });
    const model = modelOf(policy('a', get, put) + policy('b', get));
    await table.follow(model, 1);
    hitAll(table, model, 5);
    hitAll(table, model, 4);
    assert.deepEqual(
      table.totals().map(({ count, lastAt, change }) => [count, lastAt, change]),
      [
        [2, 5, 2],
        [2, 5, 2],
      ],
    );
    assert.equal(table.overflow, 2);
  });
});
