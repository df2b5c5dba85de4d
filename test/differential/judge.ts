/**
 * The judge: Istio's own translation and the real Envoy, as a program that is built once for each state of its sources.
 * @module
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureEnvoy } from '../../scripts/envoy.ts';
import type { Case } from './case.ts';
import type { Vector } from './world.ts';

const sources = fileURLToPath(new URL('./istio/', import.meta.url));
const cache = fileURLToPath(new URL('../../.cache/istio-judge/', import.meta.url));

/** What the judge says to one case: a verdict on a request, a request that never reached the policies, or refused policies. */
export interface Answer {
  readonly case: string;
  /** Case and index of the request. */
  readonly id?: string;
  readonly vector?: Vector;
  readonly lost?: string;
  readonly refused?: string;
}

/** Builds the judge if there is none of these sources yet (minutes the first time), and returns the path of the program. */
export async function ensureJudge(): Promise<string> {
  const target = join(cache, hashOfSources(), 'judge');
  if (existsSync(target)) return target;
  await mkdir(join(target, '..'), { recursive: true });
  console.log('building the judge: Istio from its sources, minutes the first time');
  await run('go', ['build', '-trimpath', '-o', `${target}.new`, './cmd/judge'], { cwd: sources });
  renameSync(`${target}.new`, target);
  return target;
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(go|mod|sum)$/.test(name),
  );
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(sources, name)));
  return hash.digest('hex').slice(0, 16);
}

interface RunOptions {
  readonly cwd?: string;
  /** Written to the program's standard input. */
  readonly input?: string;
  /** Every line of standard output; otherwise it is inherited. */
  readonly onLine?: (line: string) => void;
  /** The exit code by which the program says no; it is no failure. */
  readonly saysNoBy?: number;
  readonly signal?: AbortSignal;
}

/** Runs the judge with what it needs to find Envoy. @throws Error if it fails */
export async function runJudge(args: readonly string[], options: RunOptions = {}): Promise<void> {
  const judge = await ensureJudge();
  await run(judge, args, { cwd: sources, ...options });
}

async function run(program: string, args: readonly string[], options: RunOptions): Promise<void> {
  // Istio's own test environment looks for two folders, and says so on standard output if they are not there.
  const env = { ...process.env, ENVOY_BIN: await ensureEnvoy(), TARGET_OUT: cache, LOCAL_OUT: cache };
  const child = spawn(program, args, {
    cwd: options.cwd,
    env,
    signal: options.signal,
    stdio: ['pipe', options.onLine === undefined ? 'inherit' : 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killed) => {
      if (code === 0 || (code !== null && code === options.saysNoBy)) resolve();
      else reject(new Error(`${program} ${args[0]}: ${killed ?? `exit ${code}`}`));
    });
  });
  child.stdin?.on('error', () => undefined); // it has ended; `close` says how
  child.stdin?.end(options.input ?? '');
  await Promise.all([ended, eachLine(child.stdout, options.onLine)]);
}

async function eachLine(
  from: AsyncIterable<Buffer> | null,
  onLine: ((line: string) => void) | undefined,
): Promise<void> {
  if (from === null || onLine === undefined) return;
  let rest = '';
  for await (const piece of from) {
    const lines = (rest + piece.toString('utf8')).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  }
}

/** Asks for verdicts on cases; every case must have an id of its own, without a slash. */
export async function askJudge(cases: readonly Case[]): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const input = cases.map((each) => JSON.stringify(each)).join('\n');
  await runJudge(['ask'], { input, onLine: (line) => answers.push(JSON.parse(line) as Answer) }); // the judge's own JSON
  return answers;
}
