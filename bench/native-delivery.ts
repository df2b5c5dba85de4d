/**
 * Envoys that decide themselves, two hundred at one Gatehouse: how long a revocation takes until all of them refuse by it.
 *
 * They are streams that acknowledge at once, as Envoy does; what each of them does with what it gets is measured elsewhere.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import { adminClient } from '../src/cli/admin/admin-client.ts';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '../src/gen/envoy/service/discovery/v3/discovery_pb.ts';
import { eventually } from '../test/support/eventually.ts';
import { allowing } from '../test/support/gatehouse-dir.ts';
import { nodeOf } from '../test/support/native-stream.ts';
import { runGatehouse } from '../test/support/run-gatehouse.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { type Section, shown, shownSpread, spread } from './lib/figures.ts';

const STREAMS = 200;
const ROUNDS = 9;
const own = 'spiffe://cluster.local/ns/default/sa/a';

/** One Envoy's two streams; counts what it gets by the name of the resource. */
function envoy(socket: string, got: Map<string, number>): Disposable {
  const client = new Client(socket, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  for (const name of ['gatehouse.revocations', 'gatehouse.policy']) {
    const call = client.makeBidiStreamRequest(
      '/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs',
      (message: DiscoveryRequest) => Buffer.from(toBinary(DiscoveryRequestSchema, message)),
      (bytes) => fromBinary(DiscoveryResponseSchema, bytes),
    );
    call.on('error', () => undefined); // we hang up
    call.on('data', ({ nonce: responseNonce, versionInfo }: DiscoveryResponse) => {
      got.set(name, (got.get(name) ?? 0) + 1);
      call.write(create(DiscoveryRequestSchema, { resourceNames: [name], responseNonce, versionInfo }));
    });
    call.write(create(DiscoveryRequestSchema, { resourceNames: [name], node: nodeOf(own) }));
  }
  return { [Symbol.dispose]: () => client.close() };
}

/** Measures it. */
export async function nativeDelivery(): Promise<Section> {
  await using dir = await tempDir('bench-');
  await mkdir(dir.at('policies'));
  await writeFile(dir.at('policies/p.yaml'), allowing('GET'));
  const entry = `{ spiffeId: "${own}", selectors: ["unix:uid:${process.geteuid?.()}"] }`;
  const others = Array.from({ length: ROUNDS }, (_, i) => `spiffe://cluster.local/ns/default/sa/gone-${i}`);
  const gone = others.map((id) => `  - { spiffeId: "${id}", selectors: ["unix:uid:4242"] }`);
  await writeFile(
    dir.at('gatehouse.yaml'),
    `trustDomain: cluster.local
listen: { extAuthz: "127.0.0.1:0", health: "127.0.0.1:0" }
log: { level: warn }
entries:
  - ${entry}
${gone.join('\n')}
`,
  );
  await using gatehouse = await runGatehouse(dir.at('gatehouse.yaml'));
  const admin = await adminClient({ admin: gatehouse.ready.admin, config: '' });
  using stack = new DisposableStack();
  const got = new Map<string, number>();
  for (let i = 0; i < STREAMS; i++) stack.use(envoy(gatehouse.ready.workloadApi, got));
  await eventually('all have both', async () => {
    const { envoys } = await admin.ask('GET /v1/envoys');
    const ready = envoys.filter(({ configs }) => configs.filter(({ version }) => version !== '').length === 2);
    return ready.length === STREAMS || undefined;
  });
  const policiesBefore = got.get('gatehouse.policy');
  const times: number[] = [];
  for (const value of others) {
    const startedAt = performance.now();
    const { inForce, envoys } = await admin.ask('POST /v1/revocations', { kind: 'id', value, reason: 'bench' });
    times.push(performance.now() - startedAt);
    if (!inForce || envoys.length !== STREAMS) throw new Error(`not in force: ${JSON.stringify(envoys.slice(0, 3))}`);
  }
  const policiesSent = (got.get('gatehouse.policy') ?? 0) - (policiesBefore ?? 0);
  if (policiesSent > 0) throw new Error(`${policiesSent} policies were sent again`);
  return {
    name: 'native-delivery',
    title: `Revocations at ${STREAMS} Envoys that decide themselves`,
    note: `From \`svid revoke\` until every stream has acknowledged it, ${ROUNDS} rounds: median (min–max), milliseconds. No policy was sent again.`,
    head: ['streams', 'ms'],
    rows: [[shown(STREAMS, 0), shownSpread(spread(times))]],
    raw: { streams: STREAMS, times },
  };
}
