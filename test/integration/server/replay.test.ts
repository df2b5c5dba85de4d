import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { runCommandLine } from '../../../src/cli/program.ts';
import { checkClient } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { recordingTerminal } from '../../support/recording-terminal.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

const accounts = Array.from({ length: 20 }, (_, i) => `w${i}`);
const idOf = (account: string): string => `spiffe://cluster.local/ns/default/sa/${account}`;
const methods = ['GET', 'POST', 'DELETE'];

/** Known traffic: workload i asks its neighbours in every way that the policies tell apart. */
const traffic = accounts.flatMap((from, i) =>
  [1, 2, 7].map((step, j) => {
    const to = accounts[(i + step) % accounts.length]!;
    return {
      from,
      to,
      address: `10.0.0.${i + 1}`,
      port: i % 2 === 0 ? 8080 : 9090,
      sni: i % 5 === 0 ? `${to}.mesh` : '',
      method: methods[(i + j) % 3]!,
      path: i % 4 === 0 ? '/admin/x' : `/items/${i}?token=t`,
      headers: { 'x-request-id': `r${i}-${j}`, ...(i % 3 === 0 && { 'x-team': i % 2 === 0 ? 'red' : 'blue' }) },
      labels: { app: to, tier: Number(to.slice(1)) < 10 ? 'front' : 'back' },
    };
  }),
);

const document = (kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'security.istio.io/v1', kind, metadata: { name, namespace: 'default' }, spec });

const front = { matchLabels: { tier: 'front' } };
const oldPolicies = [
  document('AuthorizationPolicy', 'front', {
    selector: front,
    rules: [
      {
        from: [{ source: { notPrincipals: ['cluster.local/ns/default/sa/w3'] } }],
        to: [{ operation: { methods: ['GET'] } }],
      },
      { when: [{ key: 'request.headers[x-team]', values: ['red'] }] },
    ],
  }),
  document('AuthorizationPolicy', 'no-delete', {
    action: 'DENY',
    rules: [{ to: [{ operation: { methods: ['DELETE'] } }] }],
  }),
];
const newPolicies = [
  document('AuthorizationPolicy', 'front', {
    selector: front,
    rules: [
      { to: [{ operation: { methods: ['GET', 'POST'], ports: ['8080'] } }] },
      { when: [{ key: 'request.headers[x-team]', values: ['blue'] }] },
      { when: [{ key: 'connection.sni', values: ['*.mesh'] }] },
    ],
  }),
  document('AuthorizationPolicy', 'no-admin', {
    action: 'DENY',
    rules: [{ from: [{ source: { ipBlocks: ['10.0.0.0/29'] } }], to: [{ operation: { paths: ['/admin/*'] } }] }],
  }),
];

describe('policy replay of a real server', function () {
  this.timeout(180_000);
  const dirs: GatehouseDir[] = [];
  after(() => Promise.all(dirs.map((dir) => dir[Symbol.asyncDispose]())));

  /** Asks a server with these policies everything, and gives its verdicts and its log. */
  async function ask(policies: readonly string[], facts: string) {
    const dir = await gatehouseDir({ policies: { paths: ['./policies'] }, log: { facts } });
    dirs.push(dir);
    await dir.policy('details', policies.join('\n---\n'));
    await using server = await runGatehouse(dir.config);
    using client = checkClient(server.ready.extAuthz);
    const verdicts = new Map<string, string>();
    for (const { from, to, address, port, sni, method, path, headers, labels } of traffic) {
      const socket = (host: string, number: number) => ({
        address: {
          case: 'socketAddress' as const,
          value: { address: host, portSpecifier: { case: 'portValue' as const, value: number } },
        },
      });
      const outcome = await client.ask({
        attributes: {
          source: { principal: idOf(from), address: socket(address, 40_000) },
          destination: { principal: idOf(to), labels, address: socket('10.1.0.1', port) },
          request: { http: { id: '1', method, path, host: to, headers } },
          ...(sni !== '' && { tlsSession: { sni } }),
        },
      });
      assert.ok('response' in outcome, JSON.stringify(outcome));
      verdicts.set(headers['x-request-id'], outcome.status === 200 ? 'allow' : 'deny');
    }
    const decisions = () =>
      server
        .log()
        .split('\n')
        .filter((line) => line.includes('"message":"decision"'));
    await eventually('every decision is logged', () => (decisions().length === traffic.length ? true : undefined));
    await writeFile(dir.at('log'), server.log());
    return { dir, verdicts };
  }

  async function replay(...words: string[]) {
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'replay', ...words, '--all', '--output', 'json'], terminal);
    const lines = terminal.said.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { code: terminal.said.code, each: lines.slice(0, -1), summary: lines.at(-1).summary };
  }

  it('agrees with what a server of the other policies then decides, request by request', async () => {
    const [was, is] = [await ask(oldPolicies, 'values'), await ask(newPolicies, 'names')];
    const changed = [...was.verdicts].filter(([id, verdict]) => is.verdicts.get(id) !== verdict).length;
    assert.ok(changed > 5, 'the change changes something');
    for (const place of [is.dir.config, is.dir.at('policies')]) {
      const { each, summary } = await replay(was.dir.at('log'), '--with', place);
      assert.deepEqual([summary.decisions, summary.differs, summary.unknown], [traffic.length, changed, 0]);
      for (const { request, was: then, now } of each) {
        assert.equal(then.decision, was.verdicts.get(request.requestId));
        assert.equal(now.decision, is.verdicts.get(request.requestId), JSON.stringify({ request, now }));
      }
    }
    const own = await replay(was.dir.at('log'), '--with', was.dir.config);
    assert.deepEqual([own.code, own.summary.same], [0, traffic.length]);
  });

  it('never says otherwise where the log tells less, but that it cannot be said', async () => {
    const [was, is] = [await ask(oldPolicies, 'names'), await ask(newPolicies, 'none')];
    const { each, summary } = await replay(was.dir.at('log'), '--with', is.dir.config);
    assert.ok(summary.unknown > 0 && summary.unknown < traffic.length / 2, JSON.stringify(summary));
    for (const { result, request, now, lacks } of each)
      if (result === 'unknown') assert.equal(lacks, 'header x-team');
      else assert.equal(now.decision, is.verdicts.get(request.requestId));
    const back = await replay(is.dir.at('log'), '--with', was.dir.config);
    for (const { result, request, now } of back.each)
      if (result !== 'unknown') assert.equal(now.decision, was.verdicts.get(request.requestId));
    assert.ok(back.summary.unknown > 0);
  });
});
