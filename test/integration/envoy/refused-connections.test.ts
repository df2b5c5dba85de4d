import assert from 'node:assert/strict';
import { get, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { LedgerAnswer } from '../../../src/admin-api/ledger.ts';
import { eventually } from '../../support/eventually.ts';

import { type Pair, type RotationMesh, startRotationMesh } from '../../support/rotation-mesh.ts';
import { type RunningEnvoy, shownBy } from '../../support/run-envoy.ts';
import { gatehouseJson } from '../../support/run-gatehouse.ts';

type LedgerRow = LedgerAnswer['rows'][number];

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
  const svid = (verb: string, ...flags: readonly string[]): Promise<unknown> =>
    gatehouseJson('svid', verb, '--admin', mesh.gatehouse.ready.admin, ...flags);
  const onlySvidOf = async (id: string): Promise<LedgerRow> => {
    const { rows } = (await ca('ledger', '--id', id, '--kind', 'x509')) as LedgerAnswer; // the command's own answer
    return rows[0]!;
  };
  const override = ['--override', '--reason', 'key stolen'];
  interface Kind {
    readonly name: string;
    readonly headers?: OutgoingHttpHeaders;
    readonly refused: unknown;
    /** What is taken back: else the authority. */
    readonly by?: 'serial' | 'spki';
    readonly asking?: 'http' | 'istio';
  }
  /** Even ones speak HTTP/2. */
  const kinds: readonly Kind[] = [
    { name: 'HTTP/2', refused: 403 },
    { name: 'HTTP/1.1, by serial number', refused: 403, by: 'serial' },
    { name: 'gRPC', headers: { 'content-type': 'application/grpc' }, refused: 'grpc 7' },
    { name: 'HTTP/1.1, asked about by HTTP', refused: 403, asking: 'http' },
    { name: "HTTP/2 in a mesh of Istio, by the certificate's key", refused: 403, by: 'spki', asking: 'istio' },
  ];
  const once = kinds.map(() => 1);
  const callees = (): readonly RunningEnvoy[] => mesh.envoys.filter((_, i) => i % 2 === 0);

  before(async () => {
    const life = { svidTtl: '1h', connectionLife: '1h' };
    const asking = Object.fromEntries(kinds.flatMap(({ asking: how }, i) => (how ? [[i, how] as const] : [])));
    mesh = await startRotationMesh({ pairs: kinds.length, ...life, extAuthz: { verifyPeer: 'enforce' }, asking });
    for (const pair of mesh.pairs) assert.equal(await ask(pair), 200);
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it('is kept when a policy refuses a request', async () => {
    for (const pair of mesh.pairs) assert.equal(await ask(pair, { method: 'DELETE' }), 403);
    for (const pair of mesh.pairs) assert.equal(await ask(pair), 200);
    assert.deepEqual(await Promise.all(callees().map(connectionsTo)), once);
  });

  it('is refused once, and the next request connects anew; a stream that is open on it goes on', async () => {
    const stream = await openStream(mesh.pairs[0]!);
    let lines = 0;
    let isCut = false;
    stream.on('data', () => lines++).on('close', () => (isCut = true));
    const before = await Promise.all(mesh.envoys.map(shownBy));
    const first = await Promise.all(mesh.pairs.map(({ caller }) => onlySvidOf(caller)));
    await ca('prepare');
    for (const verb of ['activate', 'taint']) await ca(verb, ...override);
    for (const [i, envoy] of mesh.envoys.entries())
      await eventually('it has another certificate', async () => (await shownBy(envoy)) !== before[i] || undefined);
    for (const pair of mesh.pairs) assert.equal(await ask(pair), 200);
    assert.deepEqual(await Promise.all(callees().map(connectionsTo)), once, 'on the connection that stands');

    for (const [i, { by }] of kinds.entries()) {
      const { serial, spkiSha256 } = first[i]!;
      if (by) await svid('revoke', `--${by}`, { serial, spki: spkiSha256 }[by], ...override);
    }
    await ca('revoke', ...override);
    for (const [i, { name, headers = {}, refused }] of kinds.entries()) {
      const answer = await eventually('it is refused', async () => {
        const status = await ask(mesh.pairs[i]!, { headers });
        return status === 200 ? undefined : status;
      });
      assert.equal(answer, refused, name);
      for (let next = 0; next < 5; next++) assert.equal(await ask(mesh.pairs[i]!, { headers }), 200, name);
    }
    assert.deepEqual(
      await Promise.all(callees().map(connectionsTo)),
      kinds.map(() => 2),
    );
    const soFar = lines;
    await eventually('the stream goes on', () => lines > soFar || undefined);
    assert.equal(isCut, false);
    stream.destroy();
  });
});
