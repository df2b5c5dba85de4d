import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fromJson } from '@bufbuild/protobuf';
import { CheckResponseSchema } from '../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type JsonMessage, pythonCall } from '../../support/python-client.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import type { TempDir } from '../../support/temp-dir.ts';

const metrics = async ({ ready }: RunningGatehouse): Promise<string> =>
  (await fetch(`http://${ready.health}/metrics`)).text();

/** A `gatehouse serve` whose Checks come by `unix:` in the directory, or by TCP. */
async function serve(
  transport: string,
  byUnix = false,
): Promise<AsyncDisposable & { dir: TempDir; server: RunningGatehouse }> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await gatehouseDir());
  const extAuthz = byUnix ? `unix:${dir.at('check.sock')}` : '127.0.0.1:0';
  await dir.configure({ listen: { ...usualListeners, extAuthz }, extAuthz: { transport } });
  const server = stack.use(await runGatehouse(dir.config));
  const all = stack.move();
  return { dir, server, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

for (const transport of ['lane', 'grpc-js']) {
  describe(`Check by ${transport}`, function () {
    this.timeout(300_000);

    it("answers python's grpcio over a unix socket", async () => {
      await using running = await serve(transport, true);
      for (const [method, status] of [
        ['GET', 0],
        ['POST', 7],
      ] as const) {
        await using call = pythonCall({
          socket: running.dir.at('check.sock'),
          method: '/envoy.service.auth.v3.Authorization/Check',
        });
        call.send(question(method) as unknown as JsonMessage); // plain fields only: its JSON form is the same
        const answer = fromJson(CheckResponseSchema, (await call.next()) as never); // protobuf's JSON form
        assert.equal(answer.status?.code ?? 0, status);
        assert.equal((await call.ended()).status, 'OK');
      }
    });

    it('answers health, and refuses what it does not know', async () => {
      await using running = await serve(transport, true);
      const socket = running.dir.at('check.sock');
      await using health = pythonCall({ socket, method: '/grpc.health.v1.Health/Check' });
      health.send({ service: 'envoy.service.auth.v3.Authorization' });
      assert.deepEqual(await health.next(), { status: 'SERVING' });
      using client = checkClient(`unix:${socket}`);
      assert.equal((await client.ask(new Uint8Array(0), '/no.Such/Method')).code, 12);
      assert.equal((await client.ask(new Uint8Array(5_000_000))).code, 8);
      assert.equal((await client.ask(question('GET'))).code, 0);
    });
  });
}

describe('The lane under serve', function () {
  this.timeout(300_000);

  it('loses no call when it is told to end', async () => {
    await using running = await serve('lane');
    using client = checkClient(running.server.ready.extAuthz);
    await client.ask(question('GET'));
    const asked = Array.from({ length: 200 }, () => client.ask(question('GET')));
    const ended = running.server.stop('SIGTERM');
    const codes = (await Promise.all(asked)).map(({ code }) => code);
    assert.equal(await ended, 0);
    assert.deepEqual(
      codes.filter((code) => code !== 0),
      [],
    );
  });

  it('counts what is hostile by kind, refusals and connections, over all deciders', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers: 2 } });
    await using server = await runGatehouse(dir.config);
    const { port, hostname } = new URL(`http://${server.ready.extAuthz}`);
    for (let n = 0; n < 4; n += 1) {
      const socket = connect(Number(port), hostname).end('GET / HTTP/1.1\r\n\r\n').resume();
      await once(socket, 'close');
    }
    const workload = connect(server.ready.workloadApi.replace(/^unix:/, ''))
      .end('GET / HTTP/1.1\r\n\r\n')
      .resume();
    await once(workload, 'close');
    using client = checkClient(server.ready.extAuthz);
    await client.ask(new Uint8Array(0), '/no.Such/Method');
    await eventually('all is counted', async () => {
      const text = await metrics(server);
      const wanted = [
        'hostile_total{listener="ext-authz",kind="not_http2"} 4',
        'hostile_total{listener="workload-api",kind="not_http2"} 1',
        'refusals_total{listener="ext-authz"} 1',
        'connections{listener="ext-authz"} 1',
      ];
      return wanted.every((line) => text.includes(`gatehouse_lane_${line}\n`)) ? true : undefined;
    });
  });

  it('answers on standing connections while the primary stands still, and decides alike on all workers afterwards', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers: 3 } });
    await using server = await runGatehouse(dir.config);
    const clients = Array.from({ length: 6 }, () => checkClient(server.ready.extAuthz));
    const reasons = async (): Promise<Set<string>> => {
      const answers = await Promise.all(clients.map((client) => client.ask(question('GET'))));
      return new Set(answers.map((answer) => ('reason' in answer ? answer.reason : answer.details)));
    };
    try {
      assert.deepEqual(await reasons(), new Set(['rule_allowed'])); // connections go to the workers in turn
      process.kill(server.pid, 'SIGSTOP');
      assert.deepEqual(await reasons(), new Set(['rule_allowed']));
      process.kill(server.pid, 'SIGCONT');
      await dir.policy('details', allowing('POST'));
      // The metric is the lowest generation of all, so that it tells when the change is in force everywhere.
      await eventually('all decide by the new policy', async () =>
        (await metrics(server)).includes('gatehouse_snapshot_generation 2\n') ? true : undefined,
      );
      assert.deepEqual(await reasons(), new Set(['no_rule_allowed']));
    } finally {
      process.kill(server.pid, 'SIGCONT');
      for (const client of clients) client[Symbol.dispose]();
    }
  });
});
