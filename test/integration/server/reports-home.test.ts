import assert from 'node:assert/strict';
import type { Derivation } from '../../../src/admin-api/decisions.ts';
import type { EdgesAnswer } from '../../../src/admin-api/edges.ts';
import type { Answer } from '../../../src/admin-api/routes.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const id = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

async function ask<T>(server: RunningGatehouse, path: string, status = 200): Promise<T> {
  const answer = await askAdmin(server.ready.admin, 'GET', path);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body as T; // held to its schema by askAdmin
}

const edgesOf = (server: RunningGatehouse) => ask<EdgesAnswer>(server, '/v1/edges');

/** Asks, and answers with the decision's id. */
async function decided(server: RunningGatehouse, method: string): Promise<string> {
  using client = checkClient(server.ready.extAuthz);
  const answer = await client.ask(question(method));
  assert.ok('response' in answer, JSON.stringify(answer));
  const ours = answer.response.dynamicMetadata?.['gatehouse'] as { id: string } | undefined; // the contract's own shape
  return ours?.id ?? '';
}

/** An authority that decides too, and a decider elsewhere that joined by a token. */
async function open() {
  const stack = new AsyncDisposableStack();
  const dir = stack.use(await gatehouseDir({ listen: { ...usualListeners, feed: '127.0.0.1:0' } }));
  const authority = stack.use(await runGatehouse(dir.config));
  const elsewhere = stack.use(await gatehouseDir());
  await gatehouseJson('join-token', 'create', '--config', dir.config, '--write', elsewhere.at('join.json'));
  await elsewhere.configure({
    roles: ['decider'],
    listen: usualListeners,
    authorityAddress: authority.ready.feed,
    feed: { joinFile: './join.json' },
    extAuthz: { workers: 2 },
  });
  const startDecider = () => runGatehouse(elsewhere.config);
  const decider = await startDecider();
  stack.defer(() => decider[Symbol.asyncDispose]());
  const { feed } = await ask<Answer<'GET /v1/status'>>(decider, '/v1/status');
  return {
    authority,
    decider,
    startDecider,
    name: feed?.decider ?? '',
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const sumOf = ({ edges }: EdgesAnswer, decider: string | null): number =>
  edges.filter((each) => each.decider === decider).reduce((sum, { count }) => sum + count, 0);

describe('a decider elsewhere', function () {
  this.timeout(300_000);

  it('reports home what it saw: edges and denies exactly, decisions, and what it is asked', async () => {
    await using scene = await open();
    const { authority, decider, name } = scene;
    await decided(authority, 'GET');
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push(await decided(decider, i % 4 === 0 ? 'POST' : 'GET'));
    const told = await eventually('the authority knows all of them', async () => {
      const edges = await edgesOf(authority);
      return sumOf(edges, name) === 20 ? edges : undefined;
    });
    assert.deepEqual(
      told.edges.map(({ decider: who, caller, destination, namespace, decision, count }) => [
        ...[who, caller, destination],
        ...[namespace, decision, count],
      ]),
      [
        [null, id('productpage'), id('details'), 'default', 'allow', 1],
        [name, id('productpage'), id('details'), 'default', 'allow', 15],
        [name, id('productpage'), id('details'), 'default', 'deny', 5],
      ],
    );
    assert.deepEqual(told.deniedCallers, [
      { decider: name, caller: id('productpage'), namespace: 'default', count: 5 },
    ]);
    assert.deepEqual(
      told.deciders.map(({ decider: who, state, allowed, denied, dropped }) => [who, state, allowed, denied, dropped]),
      [
        [null, 'here', 1, 0, { logged: 0, sent: 0 }],
        [name, 'reporting', 15, 5, { logged: 0, sent: 0 }],
      ],
    );

    const { decisions, silent } = await eventually('every decision has come home', async () => {
      const answer = await ask<Answer<'GET /v1/decisions'>>(authority, '/v1/decisions');
      return answer.decisions.length >= 21 ? answer : undefined;
    });
    assert.deepEqual(silent, []);
    assert.deepEqual(
      decisions
        .filter((each) => each.decider === name)
        .map((each) => each.id)
        .sort(),
      ids.toSorted(),
    );

    const there = await ask<Derivation>(decider, `/v1/decisions/${ids[0]}`); // what explains is loaded by this, for as long as it takes
    const derived = await ask<Derivation>(authority, `/v1/decisions/${ids[0]}`);
    assert.deepEqual([derived.decider, derived.record.id, derived.record.decision], [name, ids[0], 'deny']);
    // Of what was issued the authority alone has the log.
    assert.equal(there.caller?.issued, null);
    assert.deepEqual(derived, { ...there, decider: name, caller: { ...there.caller, issued: [] } });
    const { requests, deciders: known } = await ask<Answer<'GET /v1/requests'>>(authority, '/v1/requests');
    assert.deepEqual(
      requests.filter((each) => each.decider === name).map(({ method, path, count }) => [method, path, count]),
      [
        ['GET', '/details/{*}', 15],
        ['POST', '/details/{*}', 5],
      ],
    );
    assert.deepEqual(
      known.map(({ unshaped, lost }) => [unshaped.allowed, unshaped.denied, lost]),
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
    );
    const metrics = await (await fetch(`http://${authority.ready.health}/metrics`)).text();
    assert.match(metrics, new RegExp(`^gatehouse_remote_checks_total\\{decider="${name}",decision="deny"\\} 5$`, 'm'));
    assert.match(metrics, new RegExp(`^gatehouse_remote_silent\\{decider="${name}"\\} 0$`, 'm'));
  });

  it('is named wherever its numbers would be while it is away, and counts from the start when it is back', async () => {
    await using scene = await open();
    const { authority, decider, name } = scene;
    const made = await decided(decider, 'POST');
    await eventually('the decision has come home', async () => {
      const { decisions } = await ask<Answer<'GET /v1/decisions'>>(authority, '/v1/decisions');
      if (!decisions.some((each) => each.id === made)) return undefined;
      return sumOf(await edgesOf(authority), name) === 1 || undefined;
    });
    await decider[Symbol.asyncDispose]();
    const away = await eventually('it is silent', async () => {
      const edges = await edgesOf(authority);
      return edges.deciders[1]?.state === 'silent' ? edges : undefined;
    });
    assert.match(away.deciders[1]?.why ?? '', /does not follow now/);
    assert.equal(sumOf(away, name), 1, 'what it has said stays');
    const { silent, decisions } = await ask<Answer<'GET /v1/decisions'>>(authority, '/v1/decisions');
    assert.deepEqual(
      silent?.map((each) => each.decider),
      [name],
    );
    assert.equal(decisions.find((each) => each.id === made)?.decider, name);
    const status = await ask<Answer<'GET /v1/status'>>(authority, '/v1/status');
    assert.deepEqual(
      status.silent?.map((each) => each.decider),
      [name],
    );
    const refused = await ask<{ message: string }>(authority, `/v1/decisions/${made}`, 503);
    assert.match(
      refused.message,
      new RegExp(`the decider ${name} made this decision and does not follow this server now`),
    );
    const unknown = await ask<{ message: string }>(authority, '/v1/decisions/0123456789abcdefghijkl', 404);
    assert.match(unknown.message, new RegExp(`cannot be asked now: ${name}`));
    const metrics = await (await fetch(`http://${authority.ready.health}/metrics`)).text();
    assert.match(metrics, new RegExp(`^gatehouse_remote_silent\\{decider="${name}"\\} 1$`, 'm'));

    await using again = await scene.startDecider();
    await decided(again, 'GET');
    await decided(again, 'GET');
    const back = await eventually('it reports under the same name', async () => {
      const edges = await edgesOf(authority);
      const [, remote, ...others] = edges.deciders;
      return others.length === 0 && remote?.decider === name && remote.allowed === 2 ? edges : undefined;
    });
    assert.deepEqual([back.deciders[1]?.state, sumOf(back, name)], ['reporting', 2]);
  });
});
