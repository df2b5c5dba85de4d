import assert from 'node:assert/strict';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { DecisionRow, Derivation } from '../../../src/admin-api/decisions.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { commandLineOf } from '../../support/command-of.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type Lines, type Spoken, speakers } from '../../support/http-asker.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';
import { type ClientIdentity, svidOf } from '../../support/svid-of.ts';

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** @param at  `HOST:PORT` or `unix:PATH` */
function ask(
  at: string,
  { url, method = 'GET', lines }: { url: string; method?: string; lines: Lines },
  identity?: ClientIdentity,
): Promise<Answer> {
  const place = at.startsWith('unix:')
    ? { socketPath: at.slice('unix:'.length) }
    : { host: '127.0.0.1', port: Number(at.split(':').at(-1)) };
  const send = identity === undefined ? plainRequest : tlsRequest;
  const tls = identity && {
    cert: identity.cert,
    key: identity.key,
    ca: identity.ca,
    checkServerIdentity: () => undefined,
  };
  return new Promise((resolve, reject) => {
    const request = send({ ...place, ...tls, path: url, method, agent: false, setHost: false });
    for (const [name, value] of lines) request.appendHeader(name, value);
    request.once('error', reject).once('response', (response) => {
      response.resume().once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    request.end();
  });
}

const workload = (name: string, dir: GatehouseDir) => ({
  ...{ namespace: 'default', serviceAccount: name, labels: { app: name } },
  socket: { path: dir.at(`${name}.sock`) },
});

async function startServer(listen: object, more: object = {}) {
  const stack = new AsyncDisposableStack();
  const dir = stack.use(await gatehouseDir());
  await dir.configure({
    listen: { ...usualListeners, ...listen },
    workloads: ['details', 'productpage', 'edge'].map((name) => workload(name, dir)),
    ...more,
  });
  const server = stack.use(await runGatehouse(dir.config));
  return {
    dir,
    server,
    identity: (name: string) => svidOf(dir.at(`${name}.sock`)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const leaf = ({ cert }: ClientIdentity): string => /-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/.exec(cert)![0];
const spoken = (proxy: string, some: Spoken) => speakers[proxy]!(some);

describe('listen.httpAuth', function () {
  this.timeout(300_000);

  it('answers by a process of its own, with the same ids, log, edges, hits and derivation as Checks', async () => {
    await using running = await startServer({ httpAuth: '127.0.0.1:0' });
    const { ready } = running.server;
    assert.equal(ready.deciderPids.length, 2, 'the one that answers Envoys does not wait for it');
    const certificate = leaf(await running.identity('productpage'));
    for (const proxy of Object.keys(speakers)) {
      const allowed = await ask(ready.httpAuth!, spoken(proxy, { certificate, uri: '/books' }));
      assert.deepEqual([proxy, allowed.status], [proxy, 200]);
      const id = String(allowed.headers['x-gatehouse-id']);
      const { body } = await askAdmin(ready.admin, 'GET', `/v1/decisions/${id}`);
      const { record, reproduced } = body as Derivation; // our own shape
      assert.equal(reproduced, true);
      assert.deepEqual(
        [
          record.id,
          record.decision,
          record.policy,
          record.destination?.spiffeId,
          record.source?.principal,
          record.asker,
        ],
        [
          ...[id, 'allow', 'default/details-viewer', 'spiffe://cluster.local/ns/default/sa/details'],
          ...['spiffe://cluster.local/ns/default/sa/productpage', { proxy }],
        ],
      );
      const denied = await ask(ready.httpAuth!, spoken(proxy, { certificate, uri: '/books', method: 'POST' }));
      assert.equal(denied.status, 403);
      const anonymous = await ask(ready.httpAuth!, spoken(proxy, { uri: '/books' }));
      assert.equal(anonymous.status, 403);
    }
    const odd = await ask(ready.httpAuth!, { url: '/check/nginx/default/details?a', lines: [['Host', 'a']] });
    assert.deepEqual([odd.status, odd.headers['x-gatehouse-reason']], [403, 'malformed_request']);
    const rows = await eventually('all are told of', async () => {
      const { body } = await askAdmin(ready.admin, 'GET', '/v1/decisions');
      const { decisions } = body as { decisions: readonly DecisionRow[] }; // our own shape
      return decisions.length >= 16 ? decisions : undefined;
    });
    const malformed = rows.find(({ reason }) => reason === 'malformed_request');
    assert.match(malformed?.asker?.malformed ?? '', /a query, or a second workload/);
    const why = await askAdmin(ready.admin, 'GET', `/v1/decisions/${malformed!.id}`);
    assert.match((why.body as Derivation).before?.summary ?? '', /a query, or a second workload/);
    const doctor = await commandLineOf(running.dir.config)('doctor', '--output', 'json');
    assert.deepEqual(
      [doctor.code, (JSON.parse(doctor.out) as { findings: { code: string }[] }).findings.map(({ code }) => code)],
      [1, ['http_auth_malformed']],
    );
    const { body: edges } = await askAdmin(ready.admin, 'GET', '/v1/edges');
    assert.match(JSON.stringify(edges), /sa\/productpage.*sa\/details/);
    await eventually('the hits of the rule', async () => {
      const { body: metrics } = { body: await (await fetch(`http://${ready.health}/metrics`)).text() };
      return /gatehouse_rule_hits_total\{[^}]*details-viewer[^}]*\} [1-9]/.test(metrics) || undefined;
    });
  });

  it('answers on a unix socket', async () => {
    await using dir = await gatehouseDir();
    await using running = await startServer({ httpAuth: `unix:${dir.at('http.sock')}` });
    const certificate = leaf(await running.identity('productpage'));
    const { status } = await ask(running.server.ready.httpAuth!, spoken('haproxy', { certificate }));
    assert.equal(status, 200);
  });

  it('answers over mTLS its own workload, and clients about any', async () => {
    const edge = 'spiffe://cluster.local/ns/default/sa/edge';
    await using running = await startServer(
      { httpAuth: { address: '127.0.0.1:0', tls: true } },
      { extAuthz: { clients: [edge] } },
    );
    const at = running.server.ready.httpAuth!;
    const certificate = leaf(await running.identity('productpage'));
    const statusFor = async (name: string): Promise<readonly [number, string]> => {
      const { status, headers } = await ask(at, spoken('nginx', { certificate }), await running.identity(name));
      return [status, String(headers['x-gatehouse-reason'] ?? '')];
    };
    assert.deepEqual(await statusFor('details'), [200, '']);
    assert.deepEqual(await statusFor('edge'), [200, '']);
    assert.deepEqual(await statusFor('productpage'), [403, 'caller_not_authorised']);
    await assert.rejects(ask(at, spoken('nginx', { certificate })), 'without TLS');
  });
});
