import assert from 'node:assert/strict';
import { request } from 'node:http';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { healthOf } from '../../support/grpc-health.ts';
import { gatehouseCommand, gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';

/** Every sample of the metrics page, by name and labels as they are written. */
async function samples(health: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://${health}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^(\w+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name = '', value = '']) => [
      name,
      value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
    ]),
  );
}

/** Asks the admin API by hand, as curl does. */
function admin(
  address: string,
  path: string,
  method = 'GET',
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: address.replace(/^unix:/, ''), path, method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on(
        'end',
        () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }), // our own API
      );
    });
    sent.once('error', reject).end();
  });
}

/** What Watch said, and the words with which it ended. */
function watchHealth(
  target: string,
  service: string,
): { readonly first: Promise<void>; readonly ended: Promise<unknown[]> } {
  const client = new Client(target, credentials.createInsecure());
  const call = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (bytes: Uint8Array) => Buffer.from(bytes),
    (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes),
    toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })),
  );
  const said: unknown[] = [];
  const first = new Promise<void>((resolve) => call.once('data', () => resolve()));
  call.on('data', ({ status }: { status: Status }) => said.push(status));
  const ended = new Promise<unknown[]>((resolve) => {
    call.once('error', (error: ServiceError) => {
      client.close();
      resolve([...said, error.details]);
    });
  });
  return { first, ended };
}

describe('gatehouse serve, looked at from outside', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;

  beforeEach(async () => {
    dir = await gatehouseDir({
      listen: usualListeners,
      entries: [{ spiffeId: details, selectors: [`unix:uid:${process.geteuid?.()}`] }],
    });
    server = await runGatehouse(dir.config);
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  const until = (what: string, name: string, holds: (value: number | undefined) => boolean): Promise<true> =>
    eventually(what, async () => (holds((await samples(server.ready.health)).get(name)) ? true : undefined));

  it('knows after a restart when the SVIDs end that are out, while an entry gives them, and counts those that nobody renews', async () => {
    const selectors = [`unix:uid:${process.geteuid?.()}`];
    const short = details.replace('details', 'short');
    await dir.configure({
      entries: [
        { spiffeId: details, selectors },
        { spiffeId: short, selectors, x509SvidTtl: '15s' },
      ],
    });
    process.kill(server.pid, 'SIGHUP');
    const fetched = await eventually('both are given', async () => {
      const { svids } = (await gatehouseJson(
        'svid',
        'fetch',
        '--socket',
        server.ready.workloadApi,
        '--write',
        dir.at('held'),
      )) as {
        svids: unknown[];
      };
      return svids.length === 2 || undefined;
    });
    assert.ok(fetched);
    await server.stop();
    await dir.configure({ entries: [{ spiffeId: details, selectors }] });
    server = await runGatehouse(dir.config);
    const expiry = (await samples(server.ready.health)).get('gatehouse_svid_expiry_seconds') ?? 0;
    assert.ok(expiry > 3_400 && expiry <= 3_600, `what has no entry any more is not it: ${expiry} s`);
    await dir.configure({});
    process.kill(server.pid, 'SIGHUP');
    await until('nothing is given', 'gatehouse_svid_expiry_seconds', (value) => value === Number.POSITIVE_INFINITY);
    await server.stop();
    await dir.configure({ entries: [{ spiffeId: short, selectors, x509SvidTtl: '5s' }] });
    server = await runGatehouse(dir.config);
    const before = (await samples(server.ready.health)).get('gatehouse_svid_lapsed_total') ?? 0;
    await gatehouseJson('svid', 'fetch', '--socket', server.ready.workloadApi, '--write', dir.at('held'));
    await until('it has lapsed', 'gatehouse_svid_lapsed_total', (value) => value === before + 1);
    await until('none is out', 'gatehouse_svid_expiry_seconds', (value) => value === Number.POSITIVE_INFINITY);
  });

  it('moves every metric of the contract', async () => {
    await using watch = startChild(
      ...gatehouseCommand(
        'svid',
        'watch',
        '--socket',
        server.ready.workloadApi,
        '--write',
        dir.at('held'),
        '--output',
        'json',
      ),
    );
    await new Promise<void>((resolve) => watch.onLine(() => resolve()));
    const held = await samples(server.ready.health);
    assert.equal(held.get('gatehouse_stream_open{protocol="workload-api"}'), 1);
    assert.equal(held.get('gatehouse_svid_issued_total{kind="x509"}'), 1);
    const expiry = held.get('gatehouse_svid_expiry_seconds') ?? 0;
    assert.ok(expiry > 3_500 && expiry <= 3_600, `expires in ${expiry} s`);
    const authority = held.get('gatehouse_authority_expiry_seconds{slot="active"}') ?? 0;
    assert.ok(authority > 364 * 86_400 && authority <= 365 * 86_400, `expires in ${authority} s`);
    assert.equal(held.get('gatehouse_store_up'), 1);
    assert.equal(typeof held.get('gatehouse_bundle_unacknowledged'), 'number');
    await watch.stop();
    await until('its stream is closed', 'gatehouse_stream_open{protocol="workload-api"}', (value) => value === 0);

    await dir.policy('second', allowing('PUT').replace('details-viewer', 'second'));
    await until('a new generation', 'gatehouse_snapshot_generation', (value) => value === 2);
    await until(
      'two policies',
      'gatehouse_policies{dialect="istio",kind="AuthorizationPolicy"}',
      (value) => value === 2,
    );
    await dir.policy('second', 'kind: [');
    await until('a load error', 'gatehouse_snapshot_load_errors_total', (value) => value === 1);

    using client = checkClient(server.ready.extAuthz);
    await Promise.all(Array.from({ length: 1_500 }, () => client.ask(question('GET'))));
    const asked = await samples(server.ready.health);
    assert.equal(asked.get('gatehouse_check_total{decision="allow",reason="rule_allowed"}'), 1_500);
    assert.equal(asked.get('gatehouse_check_seconds_count'), 1_500);
    assert.equal(asked.get('gatehouse_check_seconds_bucket{le="+Inf"}'), 1_500);
    assert.ok((asked.get('gatehouse_check_seconds_sum') ?? 0) > 0);
    await until('the log had no room for some', 'gatehouse_decision_log_dropped_total', (value) => (value ?? 0) > 0);
  });

  it('says by grpc.health.v1, of each service, that it serves', async () => {
    const doors = [
      [server.ready.workloadApi, ['', 'SpiffeWorkloadAPI', 'envoy.service.secret.v3.SecretDiscoveryService']],
      [server.ready.extAuthz, ['', 'envoy.service.auth.v3.Authorization']],
    ] as const;
    for (const [door, services] of doors) {
      for (const service of services)
        assert.equal(await healthOf(door, service), Status.SERVING, `${service} at ${door}`);
      assert.equal(await healthOf(door, 'no.such.Service'), `code ${status.NOT_FOUND}`);
    }
  });

  it('tells those that watch its health NOT_SERVING when it drains, before their streams end', async () => {
    await using other = await gatehouseDir({ listen: usualListeners, extAuthz: { transport: 'grpc-js' } });
    await using watched = await runGatehouse(other.config);
    const doors = [
      watchHealth(watched.ready.workloadApi, 'SpiffeWorkloadAPI'),
      watchHealth(watched.ready.extAuthz, 'envoy.service.auth.v3.Authorization'),
    ];
    await Promise.all(doors.map(({ first }) => first));
    assert.equal(await watched.stop('SIGTERM'), 0);
    for (const { ended } of doors) {
      assert.deepEqual(await ended, [Status.SERVING, Status.NOT_SERVING, 'shutting down']);
    }
  });

  it('shows decisions, in the log and by the admin API, without any token', async () => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2VjcmV0c2VjcmV0';
    using client = checkClient(server.ready.extAuthz);
    await client.ask(
      question('GET', `/details/${jwt}/1?access_token=sesame-query&q=${jwt}#sesame-fragment`, {
        authorization: 'Bearer sesame-bearer',
        'proxy-authorization': 'Basic sesame-basic',
        cookie: 'session=sesame-cookie',
        'set-cookie': 'session=sesame-set-cookie',
        'x-jwt': jwt,
      }),
    );
    const shown = await eventually('the decision is there', async () => {
      const { decisions } = (await admin(server.ready.admin, '/v1/decisions?limit=1')).body as { decisions: unknown[] };
      return decisions[0];
    });
    const { id, at, request: asked, ...rest } = shown as Record<string, unknown>;
    assert.match(String(id), /^[\x21-\x7e]{22}$/);
    assert.ok(Math.abs(Date.parse(String(at)) - Date.now()) < 60_000);
    assert.deepEqual(rest, {
      decision: 'allow',
      reason: 'rule_allowed',
      plane: 'istio',
      stage: 'ALLOW',
      policy: 'default/details-viewer',
      rule: 0,
      snapshot: 1,
      destination: { spiffeId: details, foundBy: 'principal' },
      source: { principal: 'spiffe://cluster.local/ns/default/sa/productpage', address: '', port: 0 },
    });
    assert.deepEqual(asked, {
      protocol: 'http',
      method: 'GET',
      host: 'details:9080',
      path: `/details/${'x'.repeat(jwt.length)}/1`, // covered in place, so that the decision can be derived again
      streamId: '1',
    });
    await eventually('it is logged', () => (server.log().includes('"message":"decision"') ? true : undefined));
    for (const text of [server.log(), JSON.stringify(shown)]) {
      assert.doesNotMatch(text, /sesame/);
      assert.ok(!text.includes(jwt));
    }
  });

  it('answers every question of the admin API, and says what is wrong with others', async () => {
    const ask = async (path: string, method = 'GET') => admin(server.ready.admin, path, method);
    const keys: readonly (readonly [path: string, keys: readonly string[]])[] = [
      [
        '/v1/status',
        [
          'pid',
          'startedAt',
          'trustDomain',
          'roles',
          'ready',
          'waiting',
          'degraded',
          'generation',
          'deciders',
          'addresses',
        ],
      ],
      ['/v1/authorities', ['trustDomain', 'sequence', 'x509Authorities', 'jwtAuthorities']],
      ['/v1/entries', ['entries']],
      [`/v1/entries/explain?pid=${process.pid}`, ['selectors', 'entitled', 'nearest']],
      ['/v1/ledger', ['rows']],
      ['/v1/policies', ['generation', 'counts', 'skipped', 'degraded', 'findings', 'planes']],
      ['/v1/decisions', ['decisions']],
    ];
    for (const [path, wanted] of keys) {
      const { status, body } = await ask(path);
      assert.equal(status, 200, path);
      for (const key of wanted) assert.ok(key in body, `${key} in ${path}`);
    }
    const wrong: readonly (readonly [path: string, method: string, status: number, code: string])[] = [
      ['/v1/nothing', 'GET', 404, 'not_found'],
      ['/v1/status', 'DELETE', 404, 'not_found'],
      ['/v1/ledger?kind=x500', 'GET', 400, 'message_invalid'],
      ['/v1/ledger?limit=0', 'GET', 400, 'message_invalid'],
      ['/v1/decisions?limit=many', 'GET', 400, 'message_invalid'],
      ['/v1/entries/explain', 'GET', 400, 'message_invalid'],
      ['/v1/entries/explain?pid=-1', 'GET', 400, 'message_invalid'],
      ['/v1/entries/explain?pid=4194305', 'GET', 404, 'not_found'],
    ];
    for (const [path, method, status, code] of wrong) {
      const answer = await ask(path, method);
      assert.deepEqual([answer.status, answer.body['code']], [status, code], `${method} ${path}`);
      assert.deepEqual(Object.keys(answer.body), ['code', 'message', 'details']);
    }
  });
});
