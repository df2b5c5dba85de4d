import assert from 'node:assert/strict';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { loadPolicies } from '../../../../src/policy/load.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';
import { ruleKey, ruleName } from '../../../../src/policy/rules/rule-text.ts';
import { rulesInForce } from '../../../../src/policy/rules/rules-in-force.ts';
import { createStandings } from '../../../../src/server/standings/standings.ts';

function modelOf(methods: readonly string[]): PolicyModel {
  const rules = methods.map((some) => `{ to: [{ operation: { methods: [${some}] } }] }`).join(', ');
  const text = `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: api, namespace: shop }\nspec: { rules: [${rules}] }\n`;
  const files = [readPolicies('api.yaml', text, usualDialect)];
  return loadPolicies(files, { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' }).model;
}

const keysOf = (model: PolicyModel): readonly string[] =>
  [...rulesInForce(model)].map(({ plane, policy, rule }) =>
    ruleKey(ruleName({ plane: plane.id, direction: 'ingress', policy, rule })),
  );

describe('createStandings', () => {
  it('tells beside everything else how rules stand that have decided nothing, and keeps it', async () => {
    await using standings = createStandings();
    const model = modelOf(['GET', 'GET, PUT', 'PUT']);
    const [first = ''] = keysOf(model);
    const asked = standings.ask(model, new Set([first]));
    assert.equal(standings.ask(model, new Set([first])), asked, 'asked twice, worked out once');
    const told = await asked;
    assert.ok(typeof told !== 'string');
    assert.deepEqual(
      keysOf(model)
        .slice(1)
        .map((key) => told.get(key)?.standing),
      ['reachable', 'redundant'],
    );
    assert.notEqual(standings.ask(model, new Set()), asked, 'other counts');
  });

  it('says that it takes too long, and goes on with the next question', async () => {
    await using hurried = createStandings(0);
    assert.equal(await hurried.ask(modelOf(['GET']), new Set()), 'it takes more than 0 s');
    assert.equal(await hurried.ask(modelOf(['GET']), new Set()), 'it takes more than 0 s');
  });

  it('ends with the server, whoever waits', async () => {
    const standings = createStandings();
    const waiting = standings.ask(modelOf(['GET']), new Set());
    await standings[Symbol.asyncDispose]();
    assert.equal(await waiting, 'the server ends');
    assert.equal(await standings.ask(modelOf(['PUT']), new Set()), 'the server ends');
  });
});
