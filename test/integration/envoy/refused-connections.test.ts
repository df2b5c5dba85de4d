import assert from 'node:assert/strict';
import { get, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { eventually } from '../../support/eventually.ts';

import { type Pair, type RotationMesh, startRotationMesh } from '../../support/rotation-mesh.ts';
import { type RunningEnvoy, shownBy } from '../../support/run-envoy.ts';
import { gatehouseJson } from '../../support/run-gatehouse.ts';

interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Its status; for gRPC that of the call, e.g. `grpc 7`. */
function ask({ port }: Pair, { method = 'GET', headers = {} }: Asked = {}): Promise<number | string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/', method, headers, agent: false }, (answer) => {
      const status = answer.headers['grpc-status'];
      answer
        .resume()
        .on('end', () => resolve(typeof status === 'string' ? `grpc ${status}` : (answer.statusCode ?? 0)));
    })
      .on('error', reject)
      .end();
  });
}

function openStream({ port }: Pair): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/stream', agent: false }, resolve).on('error', reject);
  });
}

const connectionsTo = (envoy: RunningEnvoy): Promise<number> => envoy.stat('http.inbound.downstream_cx_total');

describe('a connection that began with a certificate of a revoked authority', function () {
  this.timeout(300_000);
  let mesh: RotationMesh;
  const ca = (verb: string, ...flags: readonly string[]): Promise<unknown> =>
    gatehouseJson('ca', verb, '--admin', mesh.gatehouse.ready.admin, ...flags);
  const override = ['--override', '--reason', 'key stolen'];
  const kinds: readonly { readonly name: string; readonly headers?: OutgoingHttpHeaders; readonly refused: unknown }[] =
    [
      { name: 'HTTP/2', refused: 403 },
      { name: 'HTTP/1.1', refused: 403 },
      { name: 'gRPC', headers: { 'content-type': 'application/grpc' }, refused: 'grpc 7' },
    ];
  const callees = (): readonly RunningEnvoy[] => mesh.envoys.filter((_, i) => i % 2 === 0);

  before(async () => {
    const life = { svidTtl: '1h', connectionLife: '1h' };
    mesh = await startRotationMesh({ pairs: kinds.length, ...life, extAuthz: { verifyPeer: 'enforce' } });
    for (const pair of mesh.pairs) assert.equal(await ask(pair), 200);
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it('is kept when a policy refuses a request', async () => {
    for (const pair of mesh.pairs) assert.equal(await ask(pair, { method: 'DELETE' }), 403);
    for (const pair of mesh.pairs) assert.equal(await ask(pair), 200);
    assert.deepEqual(await Promise.all(callees().map(connectionsTo)), [1, 1, 1]);
  });

  it('is refused once, and the next request connects anew; a stream that is open on it goes on', async () => {
    const stream = await openStream(mesh.pairs[0]!);
    let lines = 0;
    let isCut = false;
    stream.on('data', () => lines++).on('close', () => (isCut = true));
    const before = await Promise.all(mesh.envoys.map(shownBy));
    await ca('prepare');
    for (const verb of ['activate', 'taint']) await ca(verb, ...override);
    for (const [i, envoy] of mesh.envoys.entries())
      await eventually('it has another certificate', async () => (await shownBy(envoy)) !== before[i] || undefined);
    for (const pair of mesh.pairs) assert.equal(await ask(pair), 200);
    assert.deepEqual(await Promise.all(callees().map(connectionsTo)), [1, 1, 1], 'on the connection that stands');

    await ca('revoke', ...override);
    for (const [i, { name, headers = {}, refused }] of kinds.entries()) {
      const first = await eventually('it is refused', async () => {
        const answer = await ask(mesh.pairs[i]!, { headers });
        return answer === 200 ? undefined : answer;
      });
      assert.equal(first, refused, name);
      for (let next = 0; next < 5; next++) assert.equal(await ask(mesh.pairs[i]!, { headers }), 200, name);
    }
    assert.deepEqual(await Promise.all(callees().map(connectionsTo)), [2, 2, 2]);
    const soFar = lines;
    await eventually('the stream goes on', () => lines > soFar || undefined);
    assert.equal(isCut, false);
    stream.destroy();
  });
});
