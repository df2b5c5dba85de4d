import assert from 'node:assert/strict';
import type { RulesAnswer } from '../../../src/admin-api/seen/rules.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const policyOf = (...rules: readonly string[]): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: details-viewer, namespace: default }
spec:
  action: ALLOW
  rules: [${rules.map((methods) => `{ to: [{ operation: { methods: [${methods}] } }] }`).join(', ')}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nobody-writes, namespace: default }
spec:
  action: DENY
  rules: [{ to: [{ operation: { methods: [PATCH] } }] }]
`;

async function rulesOf({ ready }: RunningGatehouse, query = ''): Promise<RulesAnswer> {
  const { status, body } = await askAdmin(ready.admin, 'GET', `/v1/rules${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as RulesAnswer; // held to its schema by askAdmin
}

/** Counts by rule, e.g. `details-viewer 0: 3`. */
const countsOf = ({ rules }: RulesAnswer): readonly string[] =>
  rules.map(({ name, rule, count }) => `${name} ${rule}: ${count}`).toSorted();

/** Sends so many requests of each method, each over a connection of its own, so that all deciders take part. */
async function send(server: RunningGatehouse, traffic: Readonly<Record<string, number>>): Promise<void> {
  for (const [method, times] of Object.entries(traffic))
    for (let i = 0; i < times; i++) {
      using client = checkClient(server.ready.extAuthz);
      const answer = await client.ask(question(method));
      assert.ok('response' in answer, JSON.stringify(answer));
    }
}

describe('GET /v1/rules', function () {
  this.timeout(300_000);

  it('has an exact count of what several deciders decided, over a reload and the death of one', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers: 2 } });
    await dir.policy('details', policyOf('GET', 'PUT'));
    await using server = await runGatehouse(dir.config);
    await send(server, { GET: 7, PUT: 2, PATCH: 5, POST: 3 });
    const first = await rulesOf(server);
    assert.deepEqual(countsOf(first), ['details-viewer 0: 7', 'details-viewer 1: 2', 'nobody-writes 0: 5']);
    assert.ok(
      first.rules.every(({ standing, lastAt, since }) => standing === 'hit' && lastAt !== null && lastAt >= since),
    );

    await dir.policy('details', policyOf('PUT', 'HEAD', 'GET', 'PATCH')); // two more, and another order
    await eventually(
      'the edited policy is in force',
      async () => (await rulesOf(server)).rules.length === 5 || undefined,
    );
    await send(server, { GET: 4, PATCH: 1 });
    const second = [
      'details-viewer 0: 2',
      'details-viewer 1: 0',
      'details-viewer 2: 11',
      'details-viewer 3: 0',
      'nobody-writes 0: 6',
    ];
    await eventually(
      'the edited policy decides',
      async () => JSON.stringify(countsOf(await rulesOf(server))) === JSON.stringify(second) || undefined,
    );
    const never = await rulesOf(server, '?never=true&standing=true');
    assert.deepEqual(
      never.rules.map(({ name, rule, count, standing, lastAt }) => [name, rule, count, standing, lastAt]),
      [
        ['details-viewer', 1, 0, 'reachable', null],
        ['details-viewer', 3, 0, 'shadowed', null],
      ],
    );
    const unasked = await rulesOf(server, '?never=true');
    assert.deepEqual([unasked.rules[0]?.standing, unasked.standingUnknown !== ''], ['unknown', true]);
    assert.ok(never.rules[0]!.since > first.rules[0]!.since);

    const [victim = 0] = server.ready.deciderPids;
    process.kill(victim, 'SIGKILL');
    await eventually('another stands in its place', async () => {
      using client = checkClient(server.ready.extAuthz);
      await client.ask(question('DELETE')); // denied by no rule
      const { status, body } = await askAdmin(server.ready.admin, 'GET', '/v1/status');
      assert.equal(status, 200);
      const { deciders } = body as { deciders: readonly { pid: number }[] };
      return (deciders.length === 2 && deciders.every(({ pid }) => pid !== victim)) || undefined;
    });
    await send(server, { GET: 3, PUT: 1 });
    const third = await rulesOf(server);
    assert.deepEqual(countsOf(third), [
      ...[
        'details-viewer 0: 3',
        'details-viewer 1: 0',
        'details-viewer 2: 14',
        'details-viewer 3: 0',
        'nobody-writes 0: 6',
      ],
    ]);
    assert.deepEqual(countsOf(await rulesOf(server, '?policy=default/nobody-writes')), ['nobody-writes 0: 6']);

    const shown = (await gatehouseJson('policy', 'hits', '--config', dir.config, '--never')) as RulesAnswer; // what the route answers
    assert.deepEqual(countsOf(shown), ['details-viewer 1: 0', 'details-viewer 3: 0']);
    assert.deepEqual(
      shown.rules.map(({ standing }) => standing),
      ['reachable', 'shadowed'],
    );
    const tighter = (await gatehouseJson(
      ...['policy', 'suggest', '--tighten', '--accept-gaps', '--config', dir.config],
    )) as {
      readonly removed: readonly { readonly rule: number }[];
      readonly kept: readonly { readonly word: string }[];
    }; // what it prints
    assert.deepEqual(
      [tighter.removed.map(({ rule }) => rule), tighter.kept.map(({ word }) => word)],
      [[1], ['shadowed']],
      'of the running server',
    );
    const metrics = await (await fetch(`http://${server.ready.health}/metrics`)).text();
    assert.match(
      metrics,
      /^gatehouse_rule_hits_total\{plane="istio",kind="AuthorizationPolicy",namespace="default",policy="details-viewer"\} 17$/m,
    );
  });

  it('sums up deciders elsewhere, whose restart loses nothing that was reported', async () => {
    await using dir = await gatehouseDir({ listen: { ...usualListeners, feed: '127.0.0.1:0' } });
    await dir.policy('details', policyOf('GET'));
    await using authority = await runGatehouse(dir.config);
    await using elsewhere = await gatehouseDir();
    await elsewhere.policy('details', policyOf('GET', 'PUT'));
    await gatehouseJson('join-token', 'create', '--config', dir.config, '--write', elsewhere.at('join.json'));
    await elsewhere.configure({
      roles: ['decider'],
      listen: usualListeners,
      authorityAddress: authority.ready.feed,
      feed: { joinFile: './join.json' },
    });
    const reaches = (...wanted: readonly string[]) =>
      eventually(`the authority counts ${wanted.join(', ')}`, async () => {
        const answer = await rulesOf(authority);
        return JSON.stringify(countsOf(answer)) === JSON.stringify(wanted) ? answer : undefined;
      });
    await send(authority, { GET: 2 });
    {
      await using decider = await runGatehouse(elsewhere.config);
      await send(decider, { GET: 5, PATCH: 3, PUT: 4 });
      await reaches('details-viewer 0: 7', 'nobody-writes 0: 3');
    }
    await using again = await runGatehouse(elsewhere.config);
    await send(again, { GET: 1 });
    const { elsewhere: foreign, deciders } = await reaches('details-viewer 0: 8', 'nobody-writes 0: 3');
    assert.deepEqual(
      foreign.map(({ name, rule, count }) => [name, rule, count]),
      [['details-viewer', 1, 4]],
    );
    assert.deepEqual(
      deciders.map(({ state, overflow }) => [state, overflow]),
      [
        ['here', 0],
        ['reporting', 0],
      ],
    );
  });
});
