/**
 * Envoys that decide themselves, two hundred at one Gatehouse: how long a revocation takes until all of them refuse by it, and an edit
 * of one of 10,000 policies until those have it whom it concerns.
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

/** One Envoy's two streams; tells what it gets by the name of the resource. */
function envoy(socket: string, id: string, got: (name: string) => void): Disposable {
  const client = new Client(socket, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  for (const name of ['gatehouse.request', 'gatehouse.policy']) {
    const call = client.makeBidiStreamRequest(
      '/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs',
      (message: DiscoveryRequest) => Buffer.from(toBinary(DiscoveryRequestSchema, message)),
      (bytes) => fromBinary(DiscoveryResponseSchema, bytes),
    );
    call.on('error', () => undefined); // we hang up
    call.on('data', ({ nonce: responseNonce, versionInfo }: DiscoveryResponse) => {
      got(name);
      call.write(create(DiscoveryRequestSchema, { resourceNames: [name], responseNonce, versionInfo }));
    });
    call.write(create(DiscoveryRequestSchema, { resourceNames: [name], node: nodeOf(id) }));
  }
  return { [Symbol.dispose]: () => client.close() };
}

/** Measures both. */
export const nativeDelivery = async (): Promise<readonly Section[]> => [await revocations(), await edits()];

async function revocations(): Promise<Section> {
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
  for (let i = 0; i < STREAMS; i++)
    stack.use(envoy(gatehouse.ready.workloadApi, own, (name) => got.set(name, (got.get(name) ?? 0) + 1)));
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

const POLICIES = 10_000;
const WORKLOADS = 500;
const idOf = (workload: number): string => `spiffe://cluster.local/ns/ns-${workload}/sa/a`;

/** The policies of one workload, in a file of its own. */
function policiesOf(workload: number, edit: string): string {
  const document = (i: number): string =>
    `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p-${i}, namespace: ns-${workload}}\nspec: {rules: [{from: [{source: {principals: [cluster.local/ns/ns-${i}/sa/a]}}], to: [{operation: {methods: [GET], paths: ["/${edit}${i}/*"]}}]}]}\n`;
  return Array.from({ length: POLICIES / WORKLOADS }, (_, i) => document(i)).join('---\n');
}

async function edits(): Promise<Section> {
  await using dir = await tempDir('bench-');
  await mkdir(dir.at('policies'));
  for (let i = 0; i < WORKLOADS; i++) await writeFile(dir.at(`policies/${i}.yaml`), policiesOf(i, ''));
  const entries = Array.from(
    { length: WORKLOADS },
    (_, i) => `  - { spiffeId: "${idOf(i)}", selectors: ["unix:uid:${process.geteuid?.()}"] }`,
  );
  await writeFile(
    dir.at('gatehouse.yaml'),
    `trustDomain: cluster.local
listen: { extAuthz: "127.0.0.1:0", health: "127.0.0.1:0" }
log: { level: warn }
entries:
${entries.join('\n')}
`,
  );
  await using gatehouse = await runGatehouse(dir.at('gatehouse.yaml'));
  using stack = new DisposableStack();
  /** By workload: how many policies came, and when the last did. */
  const got = new Map<number, { readonly count: number; readonly at: number }>();
  const each = WORKLOADS / STREAMS;
  const followed = Array.from({ length: STREAMS }, (_, i) => Math.floor(i * each));
  for (const workload of followed)
    stack.use(
      envoy(gatehouse.ready.workloadApi, idOf(workload), (name) => {
        if (name === 'gatehouse.policy')
          got.set(workload, { count: (got.get(workload)?.count ?? 0) + 1, at: performance.now() });
      }),
    );
  await eventually('all have theirs', () => got.size === STREAMS || undefined, 120_000);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const workload = followed[(round * 23) % STREAMS]!;
    const before = new Map(got);
    const startedAt = performance.now();
    await writeFile(dir.at(`policies/${workload}.yaml`), policiesOf(workload, `edit-${round}-`));
    await eventually(
      'it has the next',
      () => got.get(workload)!.count > before.get(workload)!.count || undefined,
      60_000,
    );
    times.push(got.get(workload)!.at - startedAt);
    const others = followed.filter((one) => one !== workload && got.get(one) !== before.get(one));
    if (others.length > 0) throw new Error(`${others.length} others were sent a policy too`);
  }
  return {
    name: 'native-edits',
    title: `An edit of one of ${POLICIES.toLocaleString('en-US')} policies over ${WORKLOADS} workloads, ${STREAMS} Envoys`,
    note: `From the write of the file until the Envoy that it concerns has its policy, ${ROUNDS} rounds: median (min–max), milliseconds. The others were sent nothing.`,
    head: ['policies', 'workloads', 'streams', 'ms'],
    rows: [[shown(POLICIES, 0), shown(WORKLOADS, 0), shown(STREAMS, 0), shownSpread(spread(times))]],
    raw: { policies: POLICIES, workloads: WORKLOADS, streams: STREAMS, times },
  };
}
