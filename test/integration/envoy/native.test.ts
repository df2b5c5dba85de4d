import assert from 'node:assert/strict';
import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import type { CandidateAnswer } from '../../../src/admin-api/candidate.ts';
import type { DecisionRow } from '../../../src/admin-api/decisions.ts';
import type { EdgesAnswer } from '../../../src/admin-api/edges.ts';
import type { EnvoysAnswer } from '../../../src/admin-api/envoys.ts';
import type { RevokedAnswer } from '../../../src/admin-api/revocations.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { gatehouseJson, projectRoot } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

const policy = (name: string): string => readFileSync(join(projectRoot, 'deploy/policies', name), 'utf8');

describe('an Envoy that decides itself', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;
  let reviews: ClientIdentity;

  before(async () => {
    app = await startHttpEcho();
    server = await startGuardedServer({
      upstreamPort: app.port,
      policies: {
        'details-viewer.yaml': policy('details-viewer.yaml'),
        'details-private.yaml': policy('details-private.yaml'),
      },
      flags: ['--native'],
      config: { policies: { paths: ['./policies'], candidate: { paths: ['./candidate'] } } },
      candidate: { 'details-viewer.yaml': policy('details-viewer.yaml').replaceAll('GET', 'PUT') },
    });
    [productpage, reviews] = await Promise.all([server.identity('productpage'), server.identity('reviews')]);
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const ask = async (identity: ClientIdentity, method = 'GET', path = `/details/${randomUUID()}`) =>
    (await askHttp({ port: server.port, identity, version: 'http1', method, path })).status;
  const gatehouse = <T>(...args: readonly string[]): Promise<T> =>
    gatehouseJson(...args, '--admin', server.gatehouse().ready.admin, '--output', 'json') as Promise<T>; // the schema's
  const status = async () => (await gatehouse<EnvoysAnswer>('envoy', 'status')).envoys;
  const holdsAll = () =>
    eventually('it holds all that it was sent', async () => {
      const [envoy] = await status();
      const has = envoy?.configs.filter(({ state }) => state === 'holds' || state === 'asks').length;
      return has === 3 ? envoy : undefined;
    });

  it('gives the verdicts of Gatehouse', async () => {
    await holdsAll();
    assert.equal(await ask(productpage), 200);
    assert.equal(await ask(productpage, 'POST'), 403);
    assert.equal(await ask(reviews), 403);
    assert.equal(await ask(productpage, 'GET', '/details/x/../private'), 403);
  });

  it('is in the book with its release, its identity and a version of each filter', async () => {
    const envoy = await holdsAll();
    assert.equal(envoy.spiffeId, 'spiffe://cluster.local/ns/default/sa/bookinfo-details');
    assert.equal(envoy.version, '1.40.0');
    assert.equal(envoy.tried, true);
    assert.deepEqual(
      envoy.configs.map(({ resource, version, sentVersion }) => [resource, version === sentVersion]),
      [
        ['gatehouse.marks', true],
        ['gatehouse.policy', true],
        ['gatehouse.request', true],
      ],
    );
  });

  it('says in the access log who decided', async () => {
    const path = `/details/${randomUUID()}`;
    await ask(productpage, 'GET', path);
    const line = await server.logged((each) => each['path'] === path);
    assert.equal(line['native_revocations'], 'n:not-revoked');
    assert.equal(line['native_policy'], 'n:allow/default/details-viewer#0');
    assert.equal(line['decision'] ?? null, null, 'nobody was asked');
    const requestId = String(line['request_id']);
    const told = await eventually('it has told of it', async () => {
      const { decisions } = await gatehouse<{ readonly decisions: readonly DecisionRow[] }>(
        ...['decisions', '--request', requestId],
      );
      return decisions[0];
    });
    const { reported, decision, reason, policy: by, rule } = told;
    assert.deepEqual(
      { reported, decision, reason, by, rule },
      { reported: true, decision: 'allow', reason: 'rule_allowed', by: 'default/details-viewer', rule: 0 },
    );
  });

  it('is held against a candidate by what it tells, without a Check', async () => {
    const differing = await eventually('it differs', async () => {
      assert.equal(await ask(productpage), 200);
      const { body } = await askAdmin(server.gatehouse().ready.admin, 'GET', '/v1/candidate');
      const { differences } = body as CandidateAnswer; // held to its schema by askAdmin
      return differences.find(({ example }) => example.reported === true);
    });
    const { result, caller, method, inForce, candidate } = differing;
    assert.deepEqual(
      { result, caller, method, inForce: inForce.policy, candidate: candidate.reason },
      {
        ...{
          result: 'allow_to_deny',
          caller: 'spiffe://cluster.local/ns/default/sa/bookinfo-productpage',
          method: 'GET',
        },
        ...{ inForce: 'default/details-viewer', candidate: 'no_rule_allowed' },
      },
    );
  });

  it('hands over who shows a revoked serial number, on a connection that is open already too', async () => {
    const { serialNumber } = new X509Certificate(reviews.cert);
    const agents = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
    const onOpen = async () => {
      const lines = [];
      for (const [i, identity] of [productpage, reviews].entries()) {
        const path = `/details/${randomUUID()}`;
        await askHttp({ port: server.port, identity, version: 'http1', path, agent: agents[i]! }); // one for each
        lines.push(await server.logged((each) => each['path'] === path));
      }
      return lines.map((line) => [line['caller_address'], line['native_revocations']]);
    };
    const before = await onOpen();
    assert.deepEqual(
      before.map(([, found]) => found),
      ['n:not-revoked', 'n:not-revoked'],
    );
    // This Envoy has asked about nobody yet, so Gatehouse has seen no certificate and would say so.
    const order = ['--serial', serialNumber, '--reason', 'lost', '--override'];
    const answer = await gatehouse<RevokedAnswer>('svid', 'revoke', ...order);
    assert.deepEqual(answer.envoys, [
      {
        node: 'spiffe://cluster.local/ns/default/sa/bookinfo-details',
        spiffeId: 'spiffe://cluster.local/ns/default/sa/bookinfo-details',
        inForce: true,
      },
    ]);
    const path = `/details/${randomUUID()}`;
    assert.equal(await ask(reviews, 'GET', path), 403);
    const line = await server.logged((each) => each['path'] === path);
    assert.equal(line['native_revocations'], 'ask:revoked-serial');
    assert.equal(line['native_policy'], 'ask:revocations');
    assert.equal(line['reason'], 'revoked');
    assert.deepEqual(await onOpen(), [
      [before[0]![0], 'n:not-revoked'],
      [before[1]![0], 'ask:revoked-serial'],
    ]);
    for (const agent of agents) agent.destroy();
    const other = `/details/${randomUUID()}`;
    assert.equal(await ask(productpage, 'GET', other), 200);
    assert.equal((await server.logged((each) => each['path'] === other))['native_revocations'], 'n:not-revoked');
  });

  it('refuses a revoked identity itself, once the command has answered, and while Gatehouse is away', async () => {
    const before = (await status())[0]!.configs.find(({ resource }) => resource === 'gatehouse.policy')!;
    const id = 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews';
    const answer = await gatehouse<RevokedAnswer>('svid', 'revoke', '--id', id, '--reason', 'lost');
    assert.equal(answer.inForce, true);
    const path = `/details/${randomUUID()}`;
    assert.equal(await ask(reviews, 'GET', path), 403);
    const line = await server.logged((each) => each['path'] === path);
    assert.equal(line['native_revocations'], 'n:revoked');
    assert.equal(line['details'], 'rbac_access_denied_matched_policy[n:revoked]');
    const requestId = String(line['request_id']);
    const told = await eventually('it has told of it', async () => {
      const { decisions } = await gatehouse<{ readonly decisions: readonly DecisionRow[] }>(
        'decisions',
        '--request',
        requestId,
      );
      return decisions.length > 0 ? decisions : undefined;
    });
    assert.deepEqual(
      told.map(({ reported, decision, reason, destination, source, request }) => ({
        ...{ reported, decision, reason },
        destination: destination?.spiffeId,
        source: source?.principal,
        request,
      })),
      [
        {
          ...{ reported: true, decision: 'deny', reason: 'revoked' },
          destination: 'spiffe://cluster.local/ns/default/sa/bookinfo-details',
          source: id,
          request: { protocol: 'http', method: 'GET', host: `127.0.0.1:${server.port}`, path, requestId },
        },
      ],
    );
    const { edges } = await gatehouse<EdgesAnswer>('edges', '--deny');
    const edge = edges.find(({ decider, caller }) => decider === 'envoys' && caller === id);
    assert.ok((edge?.count ?? 0) >= 1, JSON.stringify(edges));
    const after = (await status())[0]!.configs.find(({ resource }) => resource === 'gatehouse.policy')!;
    assert.deepEqual(after, before, 'its policy was not sent again');

    await server.gatehouse().stop('SIGKILL');
    assert.equal(await ask(reviews), 403);
    assert.ok([200, 503].includes(await ask(productpage)), 'decided by the tree, or refused since nobody can be asked');
    assert.notEqual(await ask(productpage, 'POST'), 200);
    await server.startGatehouse();
    await holdsAll();
    assert.equal(await ask(reviews), 403);
    await eventually('a good caller passes again', async () => (await ask(productpage)) === 200 || undefined);
  });

  it('hands over everybody with a certificate while a key is revoked, whom Gatehouse then tells apart', async () => {
    const hash = spkiHash(productpage);
    const order = ['--spki', hash, '--reason', 'lost', '--override'];
    assert.equal((await gatehouse<RevokedAnswer>('svid', 'revoke', ...order)).inForce, true);
    const by = async (identity: ClientIdentity) => {
      const path = `/details/${randomUUID()}`;
      const code = await ask(identity, 'GET', path);
      const { reason, ...line } = await server.logged((each) => each['path'] === path);
      return [code, line['native_revocations'], line['native_policy'], reason];
    };
    assert.deepEqual(await by(productpage), [403, 'ask:revoked-keys', 'ask:revocations', 'revoked']);
    // The same caller with another key.
    const renewed = await eventually('it has another key', async () => {
      const identity = await server.identity('productpage');
      return spkiHash(identity) === hash ? undefined : identity;
    });
    assert.deepEqual(await by(renewed), [200, 'ask:revoked-keys', 'ask:revocations', 'rule_allowed']);
  });
});

const spkiHash = ({ cert }: ClientIdentity): string => {
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
};

describe('an Envoy that follows its policy by mTLS', function () {
  this.timeout(300_000);

  it('gets that of its certificate, and is cut off once it is revoked', async () => {
    await using app = await startHttpEcho();
    const [xds, accessLog] = await Promise.all([freePort(), freePort()]);
    const authority = 'spiffe://cluster.local/gatehouse/authority';
    const near = (name: string, port: number) => [`--${name}`, `127.0.0.1:${port}`, `--${name}-id`, authority];
    await using server = await startGuardedServer({
      upstreamPort: app.port,
      policies: { 'details-viewer.yaml': policy('details-viewer.yaml') },
      flags: ['--native', ...near('xds', xds), ...near('reports', accessLog)],
      config: {
        listen: {
          ...{ extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' },
          ...{ xds: `127.0.0.1:${xds}`, accessLog: `127.0.0.1:${accessLog}` },
        },
      },
    });
    const { admin, ...ready } = server.gatehouse().ready;
    assert.deepEqual([ready.xds, ready.accessLog], [`127.0.0.1:${xds}`, `127.0.0.1:${accessLog}`]);
    const status = async () => ((await gatehouseJson('envoy', 'status', '--admin', admin)) as EnvoysAnswer).envoys; // the schema's
    const held = async () => (await status())[0]?.configs.filter(({ version }) => version !== '').length;
    await eventually('it holds all', async () => (await held()) === 3 || undefined);
    const details = 'spiffe://cluster.local/ns/default/sa/bookinfo-details';
    assert.deepEqual(
      (await status()).map(({ spiffeId }) => spiffeId),
      [details],
    );
    const identity = await server.identity('productpage');
    const ask = async () =>
      (await askHttp({ port: server.port, identity, version: 'http2', path: '/details/1' })).status;
    assert.equal(await ask(), 200);
    await eventually('it has told of it there', async () => ((await status())[0]?.reported ?? 0) > 0 || undefined);
    await gatehouseJson('svid', 'revoke', '--id', details, '--reason', 'lost', '--admin', admin).catch(() => undefined);
    await eventually('it is cut off', async () => (await status()).length === 0 || undefined);
    assert.match(server.gatehouse().log(), /only the holder of an SVID of this trust domain that is not revoked/);
  });
});
