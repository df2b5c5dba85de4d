import assert from 'node:assert/strict';
import { ruleStandings } from '../../../../../src/analysis/lint/exact/rule-standings.ts';
import type { PolicyModel } from '../../../../../src/policy/model.ts';
import { ruleKey, ruleName } from '../../../../../src/policy/rules/rule-text.ts';
import { rulesInForce } from '../../../../../src/policy/rules/rules-in-force.ts';
import { modelOf } from '../../../../support/model-of.ts';

const policy = (name: string, action: string, ...rules: readonly string[]): string =>
  `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: shop }
spec: { action: ${action}, rules: [${rules.join(', ')}] }
---
`;
const methods = (...names: readonly string[]): string => `{ to: [{ operation: { methods: [${names.join(', ')}] } }] }`;

/** Names of rules, such as `a 0`, by their keys. */
const namesIn = (model: PolicyModel): ReadonlyMap<string, string> =>
  new Map(
    [...rulesInForce(model)].map(({ plane, stage, policy: { ref }, policy: own, rule }) => [
      ruleKey(ruleName({ plane: plane.id, direction: stage.direction ?? 'ingress', policy: own, rule })),
      `${ref.name} ${rule.index}`,
    ]),
  );

function standings(text: string, hit: readonly string[], bounds?: Parameters<typeof ruleStandings>[2]) {
  const model = modelOf(text);
  const names = namesIn(model);
  const found = ruleStandings(model, (key) => hit.includes(names.get(key) ?? ''), bounds);
  return Object.fromEntries([...found].map(([key, { standing }]) => [names.get(key), standing]));
}

describe('ruleStandings', () => {
  it('names the rules that decide in the place of one that never does', () => {
    const model = modelOf(
      policy('a', 'ALLOW', methods('GET'), methods('PUT')) + policy('d', 'DENY', methods('PUT', 'HEAD')),
    );
    const names = namesIn(model);
    const by = [...ruleStandings(model, () => false)].map(([key, told]) => [
      names.get(key),
      told.by.map(({ policy: name, rule, line }) => [name, rule, line > 0]),
    ]);
    assert.deepEqual(Object.fromEntries(by), { 'a 0': [], 'a 1': [['shop/d', 0, true]], 'd 0': [] });
  });

  for (const { name, text, hit, want } of [
    {
      name: 'a rule that no request came to',
      text: policy('a', 'ALLOW', methods('GET'), methods('PUT')),
      hit: ['a 0'],
      want: { 'a 0': 'reachable', 'a 1': 'reachable' },
    },
    {
      name: 'a rule that is denied all its requests',
      text: policy('a', 'ALLOW', methods('GET'), methods('PUT')) + policy('d', 'DENY', methods('PUT', 'HEAD')),
      hit: ['a 0'],
      want: { 'a 0': 'reachable', 'a 1': 'shadowed', 'd 0': 'reachable' },
    },
    {
      name: 'a rule of which another says the same and more',
      text: policy('a', 'ALLOW', methods('GET'), methods('GET', 'PUT')),
      hit: ['a 1'],
      want: { 'a 0': 'redundant', 'a 1': 'reachable' },
    },
    {
      name: 'the first of two that say the same, whose traffic the second one counts',
      text: policy('a', 'ALLOW', methods('GET')) + policy('b', 'ALLOW', methods('GET')),
      hit: ['b 0'],
      want: { 'a 0': 'redundant', 'b 0': 'reachable' },
    },
    {
      name: 'the second of two that say the same, whose traffic the first one counts',
      text: policy('a', 'ALLOW', methods('GET')) + policy('b', 'ALLOW', methods('GET')),
      hit: ['a 0'],
      want: { 'a 0': 'reachable', 'b 0': 'redundant' },
    },
    {
      name: 'a rule that asks what no request has',
      text: policy('a', 'ALLOW', methods('GET'), '{ to: [{ operation: { methods: [PUT], notMethods: [PUT] } }] }'),
      hit: ['a 0'],
      want: { 'a 0': 'reachable', 'a 1': 'unmet' },
    },
    {
      name: 'a rule that several together make void',
      text: policy('a', 'ALLOW', methods('GET', 'PUT'), methods('GET'), methods('PUT')),
      hit: ['a 1', 'a 2'],
      want: { 'a 0': 'redundant', 'a 1': 'reachable', 'a 2': 'reachable' },
    },
  ])
    it(`tells ${name}`, () => assert.deepEqual(standings(text, hit), want));

  it('does not know where the bound was met', () => {
    const text = policy('a', 'ALLOW', methods('GET'), methods('GET', 'PUT'));
    assert.deepEqual(standings(text, [], { nodes: 1, pairs: 0 }), { 'a 0': 'unknown', 'a 1': 'unknown' });
  });
});
