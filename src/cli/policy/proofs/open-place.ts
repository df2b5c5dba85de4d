/**
 * Finds policies where a command names them: a configuration, a directory, files of policy, or one of these as git has it.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { GatehouseError } from '../../../errors.ts';
import { createReadPaths } from '../../../policy/sources/load-paths.ts';
import type { ProofSide } from '../../../server/policy/proof-side.ts';
import { openSide } from './open-side.ts';
import type { ProofFlags } from './proof-options.ts';

/** Policies, and how the files that they came from are called. */
export interface Place<S = ProofSide> {
  readonly side: S;
  /** The configuration that says what it is, or the files of policy; undefined for what git has, of which no file is left. */
  readonly written: { readonly config?: string; readonly policies?: readonly string[] } | undefined;
  /** A file as people know it. */
  nameOf(file: string): string;
}

/** Reads policies as the flags have them; by a configuration, if there is one. */
type Open<S> = (flags: ProofFlags, config: string | undefined) => Promise<S>;

/** Opens places for the exact analysis; what they have in common is read once. */
export function createOpenPlace(): (name: string, flags: ProofFlags) => Promise<Place> {
  const read = createReadPaths();
  const open: Open<ProofSide> = (flags, config) => openSide(flags, config, read);
  return (name, flags) => openPlaceBy(open, name, flags);
}

/** Opens one place by a reader of one's own. @throws GatehouseError `not_found`, and as the reader does */
export async function openPlaceBy<S>(open: Open<S>, name: string, flags: ProofFlags): Promise<Place<S>> {
  const git = /^git:([^:]+):(.*)$/.exec(name);
  if (git === null) {
    return { side: await sideAt(open, name, flags), written: writtenAt(name, flags), nameOf: (file) => file };
  }
  const [, revision = '', path = ''] = git;
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-diff-'));
  const forget = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', forget);
  const close = (): void => {
    process.off('exit', forget);
    forget();
  };
  try {
    const own = checkOut(revision, directory);
    const side = await sideAt(open, join(directory, relative(own.top, resolve(path === '' ? '.' : path))), flags);
    const nameOf = (file: string): string =>
      file.startsWith(directory) ? `git:${revision}:${relative(directory, file)}` : file;
    return { side, written: undefined, nameOf };
  } finally {
    close(); // all was read: whoever interrupts the answer leaves nothing behind
  }
}

/** Writes the files of a revision to a directory; the work tree and the index of the repository stay as they are. */
function checkOut(revision: string, directory: string): { readonly top: string } {
  const git = (...words: string[]): string => {
    try {
      const env = { ...process.env, GIT_INDEX_FILE: join(directory, '.index') };
      return execFileSync('git', words, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    } catch (thrown) {
      const said = (thrown as { readonly stderr?: string }).stderr ?? String(thrown); // of a process that failed
      throw new GatehouseError('not_found', `git knows no revision ${revision} here: ${said.trim()}`, { revision });
    }
  };
  const top = git('rev-parse', '--show-toplevel');
  git('-C', top, 'read-tree', git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`));
  git('-C', top, 'checkout-index', '--all', `--prefix=${directory}/`);
  rmSync(join(directory, '.index'), { force: true });
  return { top };
}

const CONFIG_NAMES = ['gatehouse.yaml', 'gatehouse.yml'];

async function sideAt<S>(open: Open<S>, path: string, flags: ProofFlags): Promise<S> {
  const config = configAt(path);
  if (config !== undefined) {
    const { config: _, ...others } = flags;
    return open(others, config);
  }
  if (!existsSync(path)) throw new GatehouseError('not_found', `${path} does not exist`, { path });
  return open({ ...flags, policies: [path] }, flags.config);
}

function writtenAt(path: string, { config }: ProofFlags): Place['written'] {
  const own = configAt(path);
  if (own !== undefined) return { config: resolve(own) };
  return { policies: [resolve(path)], ...(config !== undefined && { config: resolve(config) }) };
}

/** The configuration that a path is, or that lies in the directory that it is; undefined for policies alone. */
function configAt(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (statSync(path).isDirectory())
    return CONFIG_NAMES.map((name) => join(path, name)).find((file) => existsSync(file));
  const isNamedSo = CONFIG_NAMES.includes(path.slice(dirname(path).length + 1)) || CONFIG_NAMES.includes(path);
  return isNamedSo || /^trustDomain\s*:/m.test(readFileSync(path, 'utf8')) ? path : undefined;
}
