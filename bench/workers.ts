/**
 * `node bench/workers.ts [WORKERS]`: what handing connections over costs against a decider that listens itself, what a standing
 * connection feels of a primary that stands still, how soon all workers decide by a new policy, and what a worker weighs.
 * @module
 */
import { readFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { question } from '../test/support/check-client.ts';
import { allowing, gatehouseDir, usualListeners } from '../test/support/gatehouse-dir.ts';
import { checkPath } from '../test/support/lane-methods.ts';
import { startLane } from '../test/support/lane-process.ts';
import { connectRaw, frame, preface, type RawPeer, settings, uint32, wholeCall } from '../test/support/raw-h2.ts';
import { runGatehouse } from '../test/support/run-gatehouse.ts';

const workers = Number(process.argv[2] ?? 2);
const CONNECTIONS = 300;
const request = toBinary(CheckRequestSchema, create(CheckRequestSchema, question('GET')));

async function ask(peer: RawPeer, id: number): Promise<void> {
  peer.send(wholeCall(id, checkPath, request));
  await peer.expect(({ type, flags, id: of }) => type === 1 && of === id && (flags & 1) === 1);
  peer.frames.length = 0;
}

const quantile = (times: number[], part: number): string =>
  times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))]!.toFixed(2);
const show = (what: string, times: number[]): void =>
  console.log(`${what.padEnd(62)} p50 ${quantile(times, 0.5)} ms  p99 ${quantile(times, 0.99)} ms`);

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** From connect to the answer of the first Check, connection after connection. */
async function firstAnswers(port: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < CONNECTIONS; n += 1) {
    times.push(
      await timed(async () => {
        using peer = await connectRaw(port);
        await ask(peer, 1);
      }),
    );
  }
  return times;
}

await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers } });
await using server = await runGatehouse(dir.config);
const port = Number(new URL(`http://${server.ready.extAuthz}`).port);
using lane = await startLane();

for (let round = 0; round < 2; round += 1) {
  show('connect to first answer, a lane that listens itself', await firstAnswers(lane.port));
  show('connect to first answer, handed over by the primary', await firstAnswers(port));
}

/** The window of its connection never ends. */
using standing = await connectRaw(port, Buffer.concat([preface, settings(), frame(8, 0, 0, uint32(0x7fff_0000))]));
const calls = async (from: number): Promise<number[]> => {
  const times: number[] = [];
  for (let n = 0; n < 200; n += 1) times.push(await timed(() => ask(standing, 2 * (from + n) + 1)));
  return times;
};
show('a Check on a standing connection', await calls(0));
process.kill(server.pid, 'SIGSTOP');
show('a Check on a standing connection while the primary is stopped', await calls(1_000));
process.kill(server.pid, 'SIGCONT');

const generation = async (): Promise<number> => {
  const text = await (await fetch(`http://${server.ready.health}/metrics`)).text();
  return Number(/^gatehouse_snapshot_generation (\d+)$/m.exec(text)?.[1]);
};
const swaps: number[] = [];
for (let round = 0; round < 5; round += 1) {
  const before = await generation();
  swaps.push(
    await timed(async () => {
      await dir.policy('details', allowing(round % 2 === 0 ? 'POST' : 'GET'));
      while ((await generation()) === before);
    }),
  );
}
show(`a policy file written to all ${workers} workers deciding by it`, swaps);
for (const pid of server.ready.deciderPids) {
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  console.log(`worker ${pid}: ${Math.round(Number(rss) / 1024)} MiB resident`);
}
