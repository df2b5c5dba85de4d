/**
 * Signatures a second of a PKCS#11 token (SoftHSM 2) through the signing process, as an authority asks for them, against what the
 * same token does when it is called directly: one thread, one session, nothing in between. Interleaved rounds.
 *
 * Run: node bench/key-token.ts [seconds for each measure, default 2] [--json]
 */
import { readFileSync } from 'node:fs';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../src/identity/authority/keys/local-keys.ts';
import { createTokenKeyStore } from '../src/identity/authority/keys/token-keys.ts';
import { openTokenClient } from '../src/server/token/token-client.ts';
import { connectToken } from '../src/server/token/token-connection.ts';
import { softHsm } from '../test/support/soft-hsm.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { rawSigner } from './lib/raw-token.ts';

const seconds = Number(process.argv.slice(2).find((arg) => arg !== '--json') ?? 2);
const ROUNDS = 5;
const IN_FLIGHT = 64;
const bytes = Buffer.alloc(450, 7);

/** How often a second the token signs for who calls it directly. */
function directly(sign: () => void): number {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < seconds * 1000; count += 1) sign();
  return count / ((performance.now() - start) / 1000);
}

interface Rate {
  readonly perSecond: number;
  /** CPU time for one, of this process and the signing process, all threads together. */
  readonly cpuMicros: number;
}

/** Ticks of a hundredth of a second (`man 5 proc`) that our child has used. */
function childTicks(): number {
  const [pid] = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ');
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function rateOf(work: () => Promise<number>): Promise<Rate> {
  const [ticks, cpu, start] = [childTicks(), process.cpuUsage(), performance.now()];
  const perSecond = await work();
  const count = (perSecond * (performance.now() - start)) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond, cpuMicros: (user + system + (childTicks() - ticks) * 10_000) / count };
}

/** What `work` does in a second with so many in flight. */
async function perSecond(inFlight: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let count = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      await work();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return count / ((performance.now() - start) / 1000);
}

await using dir = await tempDir();
using hsm = softHsm(dir.path);
await using token = await openTokenClient({
  order: { module: hsm.keyStore.pkcs11.module, tokenLabel: 'gatehouse', keyLabel: 'gatehouse bench', signers: 4 },
  readPin: () => ({ pin: Buffer.from(hsm.pin), version: '1', endsInNewline: false }),
  refusedPin: { read: () => '', write: () => undefined },
  connect: connectToken,
  said: () => undefined,
});
const blobs = createMemoryKeyBlobs();
const keys = createTokenKeyStore({ token, blobs, local: createLocalKeyStore(blobs), now: Date.now });
const signer = await keys.create('ec-p256');
const raw = rawSigner(hsm.keyStore.pkcs11.module, hsm.pin, signer.keyId);
const through = async (): Promise<void> => void (await signer.sign(bytes, 'sha256'));
const rounds: { readonly direct: Rate; readonly ours: Rate; readonly oneByOne: Rate }[] = [];
for (let round = 0; round <= ROUNDS; round += 1) {
  const measured = {
    direct: await rateOf(async () => directly(raw)),
    ours: await rateOf(() => perSecond(IN_FLIGHT, through)),
    oneByOne: await rateOf(() => perSecond(1, through)),
  };
  if (round > 0) rounds.push(measured); // the first is until all of it is compiled
}
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const result = {
  directPerSecond: median(rounds.map(({ direct }) => direct.perSecond)),
  directMicros: median(rounds.map(({ direct }) => direct.cpuMicros)),
  oursPerSecond: median(rounds.map(({ ours }) => ours.perSecond)),
  oursMicros: median(rounds.map(({ ours }) => ours.cpuMicros)),
  share: median(rounds.map(({ ours, direct }) => ours.perSecond / direct.perSecond)),
  oneByOneShare: median(rounds.map(({ oneByOne, direct }) => oneByOne.perSecond / direct.perSecond)),
};
console.log(
  process.argv.includes('--json')
    ? JSON.stringify(result)
    : `direct ${result.directPerSecond.toFixed(0)}/s (${result.directMicros.toFixed(0)} µs), ours ${result.oursPerSecond.toFixed(0)}/s (${result.oursMicros.toFixed(0)} µs): ${result.share.toFixed(2)} (one after the other ${result.oneByOneShare.toFixed(2)})`,
);
