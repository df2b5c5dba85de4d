import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { PoliciesAnswer } from '../../../src/admin-api/policies.ts';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import type { StatusAnswer } from '../../../src/admin-api/status.ts';
import { encodeRequestForm } from '../../../src/analysis/request-form.ts';
import { loadConfig } from '../../../src/config/read-config.ts';
import { offlineState } from '../../../src/server/explain/explain-offline.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { type CheckClient, checkClient } from '../../support/check-client.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { loggedCheck } from '../../support/logged-check.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const SIZE = 20;
const nameOf = (i: number): string => `w${i}`;
const namespaceOf = (i: number): string => (i % 2 === 0 ? 'even' : 'odd');
const addressOf = (i: number): string => `10.0.0.${i + 1}`;
const idOf = (i: number): string => `spiffe://cluster.local/ns/${namespaceOf(i)}/sa/${nameOf(i)}`;

const registry = `${['even', 'odd']
  .map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`)
  .join('---\n')}---
${Array.from(
  { length: SIZE },
  (_, i) => `apiVersion: v1
kind: Pod
metadata: { name: ${nameOf(i)}, namespace: ${namespaceOf(i)}, labels: { app: ${nameOf(i)}, team: t${i % 3}, pod-template-hash: abc${i} } }
spec: { serviceAccountName: ${nameOf(i)} }
status: { phase: Running, podIPs: [{ ip: ${addressOf(i)} }] }
`,
).join('---\n')}`;

/** One request, or one connection where there is no method. */
interface Asked {
  readonly from: number;
  readonly to: number;
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
}

const METHODS = ['GET', 'POST', 'DELETE'];
const PATHS = ['/', '/items', '/items/17', '/v1/users/9/orders'];

/** Who calls whom in this mesh: workload 0 is called by nobody, 19 over TCP alone. */
const traffic: readonly Asked[] = Array.from({ length: SIZE }, (_, from) => from).flatMap((from) =>
  [(from * 7 + 3) % SIZE, (from * 3 + 1) % SIZE]
    .filter((to) => to !== from && to !== 0)
    .flatMap((to, k): Asked[] => {
      const port = 8000 + (to % 3);
      if (to === 19) return [{ from, to, port }];
      const method = METHODS[(from + k) % 2]!;
      return [{ from, to, port, method, path: PATHS[(from + to) % 4]! }];
    }),
);

const formOf = ({ from, to, port, method, path }: Asked): RequestForm => ({
  source: { principal: idOf(from), address: addressOf(from), port: 40_000 },
  destination: { principal: idOf(to), address: addressOf(to), port, labels: { app: nameOf(to), team: `t${to % 3}` } },
  ...(method !== undefined && path !== undefined && { http: { method, path, host: 'x' } }),
});

async function isAllowed(client: CheckClient, asked: Asked): Promise<boolean> {
  const answer = await client.ask(encodeRequestForm(formOf(asked)));
  assert.ok('response' in answer, JSON.stringify(answer));
  return answer.status === 200;
}

/** The edge that a request is one of. */
const keyOf = ({ from, to, port, method, path }: Asked): string =>
  JSON.stringify([from, to, port, method, path?.replace(/\/\d+/g, '/{*}')]);

/** Suggestions of the running server; what it has gaps in is said on stderr. */
async function suggested(
  config: string,
): Promise<{ documents: readonly { kind: string; text: string }[]; newlyAllowed: number }> {
  const words = ['policy', 'suggest', '--config', config, '--accept-gaps', '--planes', 'istio,l4'];
  return (await gatehouseJson(...words)) as Awaited<ReturnType<typeof suggested>>; // what the command prints
}

/** What the log of requests that were allowed comes to by what is in force now, one by one. */
async function replayedBy(dir: GatehouseDir, requests: readonly Asked[]): Promise<readonly string[]> {
  const before = loadConfig(dir.config);
  const { model } = await offlineState({ ...before, policies: { ...before.policies, paths: [] } });
  const ask = loggedCheck({ model });
  writeFileSync(dir.at('log'), requests.map((asked) => ask(formOf(asked)).line).join(''));
  const words = ['policy', 'replay', dir.at('log'), '--with', dir.config, '--all', '--output', 'json'];
  const { out } = await commandLine(...words);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly now?: { readonly decision: string } }); // what the command prints
  return lines.slice(0, -1).map(({ now }) => now?.decision ?? 'unknown');
}

/** `policy diff` of a mesh without policies and of the same with what is suggested. */
async function opened(dir: GatehouseDir, documents: readonly { readonly text: string }[]) {
  writeFileSync(dir.at('none.yaml'), '# nothing\n');
  writeFileSync(dir.at('all.yaml'), documents.map(({ text }) => text).join('---\n'));
  const words = ['policy', 'diff', dir.at('none.yaml'), dir.at('all.yaml'), '--config', dir.config];
  const { out } = await commandLine(...words, '--planes', 'istio,l4', '--output', 'json');
  return JSON.parse(out) as { readonly onlyRemoves: boolean }; // likewise
}

describe('policy suggest, in a mesh of 20 workloads', function () {
  this.timeout(600_000);

  it('allows all that was seen, and denies every edge that was not', async () => {
    await using dir = await gatehouseDir();
    writeFileSync(dir.at('registry.yaml'), registry);
    const settings = {
      listen: usualListeners,
      extAuthz: { workers: 2 },
      registry: { paths: ['registry.yaml'] },
      policies: { paths: ['policies'], allowEmpty: true, planes: { l4: 'enforce' } },
    };
    await dir.configure(settings);
    await dir.policy('details', '');
    await using server: RunningGatehouse = await runGatehouse(dir.config);
    const clients = [checkClient(server.ready.extAuthz), checkClient(server.ready.extAuthz)];
    for (const [i, asked] of traffic.entries())
      for (let times = 0; times <= i % 3; times++)
        assert.ok(await isAllowed(clients[(i + times) % 2]!, asked), keyOf(asked));

    const { documents, newlyAllowed } = await suggested(dir.config);
    assert.equal(newlyAllowed, 0);
    const called = new Set(traffic.map(({ to }) => to));
    for (const kind of ['AuthorizationPolicy', 'NetworkPolicy'])
      assert.equal(documents.filter((each) => each.kind === kind).length, called.size, kind);
    await dir.policy('suggested', documents.map(({ text }) => text).join('---\n'));
    const seen = new Set(traffic.map(keyOf));
    await eventually('the suggestions are in force', async () => {
      const { body: policies } = await askAdmin(server.ready.admin, 'GET', '/v1/policies');
      const { body: status } = await askAdmin(server.ready.admin, 'GET', '/v1/status');
      const { generation, counts } = policies as PoliciesAnswer; // held to its schema by askAdmin, as the next
      const { deciders } = status as StatusAnswer;
      return (counts.length > 0 && deciders.every((each) => each.generation >= generation)) || undefined;
    });
    for (const asked of traffic) assert.ok(await isAllowed(clients[0]!, asked), `seen: ${keyOf(asked)}`);
    let denied = 0;
    for (const to of called)
      for (let from = 0; from < SIZE; from++) {
        const others: Asked[] = [8000, 8001, 8002].flatMap((port) => [
          { from, to, port },
          ...METHODS.flatMap((method) =>
            [...PATHS, '/items/x', '/items/17/y'].map((path) => ({ from, to, port, method, path })),
          ),
        ]);
        for (const asked of others) {
          const key = keyOf(asked);
          const isWhole = seen.has(keyOf({ from, to, port: asked.port })); // a port of connections that are no HTTP
          const isShape = asked.path === '/items/x' && seen.has(keyOf({ ...asked, path: '/items/17' }));
          if (from === to || seen.has(key) || isWhole || isShape) continue;
          denied += 1;
          assert.ok(!(await isAllowed(clients[denied % 2]!, asked)), `never seen, and allowed: ${key}`);
        }
      }
    assert.ok(denied > 5_000, String(denied));
    const some = [...traffic, ...traffic.map((asked) => ({ ...asked, from: (asked.from + 1) % SIZE, port: 8001 }))];
    const replayed = await replayedBy(dir, some);
    for (const [i, asked] of some.entries())
      assert.equal(replayed[i], (await isAllowed(clients[0]!, asked)) ? 'allow' : 'deny', `replayed: ${keyOf(asked)}`);
    assert.deepEqual([...new Set(replayed)].toSorted(), ['allow', 'deny']);
    for (const client of clients) client[Symbol.dispose]();
    const { onlyRemoves } = await opened(dir, documents);
    assert.ok(onlyRemoves, 'it takes away from a mesh that allows everything, and gives nothing');
    const again = await suggested(dir.config);
    assert.deepEqual([again.documents, again.newlyAllowed], [[], 0], 'nothing is suggested twice');
  });
});
