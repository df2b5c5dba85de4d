/**
 * Programs written in Go, built once and kept outside of the tree until a line of what they are made of changes.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

const compiler = 'go';

export interface GoProgram {
  /** With a go.mod and a go.sum. */
  readonly folder: string;
  /** What is built; by default the folder itself. */
  readonly of?: string;
  readonly flags?: readonly string[];
}

/** Builds it, unless this very one was built before; returns its path. @throws Error with what the compiler said */
export function buildGo({ folder, of = '.', flags = [] }: GoProgram): string {
  const cache = join(
    process.env['JUDGE_CACHE'] ?? process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'gatehouse',
  );
  const sources = globSync(['go.mod', 'go.sum', '*.go'], { cwd: folder }).sort();
  const key = createHash('sha256')
    .update(runGo(folder, ['version']))
    .update([of, ...flags].join('\0'));
  for (const name of sources) key.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  const program = join(cache, `${basename(folder)}-${key.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const made = `${program}.${process.pid}`;
  runGo(folder, ['build', '-trimpath', '-buildvcs=false', ...flags, '-o', made, of]);
  renameSync(made, program); // whole or not there, also where two build it at once
  return program;
}

/** Downloads a module at the version that `folder` pins; returns where its files are. */
export function goModule(folder: string, module: string): string {
  const { Dir } = JSON.parse(runGo(folder, ['mod', 'download', '-json', module])) as { readonly Dir: string }; // go's own form
  return Dir;
}

function runGo(cwd: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(compiler, args, { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  if (error) throw new Error(`go cannot be run: ${error.message}; this suite needs Go`);
  if (status !== 0) throw new Error(`go ${args.join(' ')} in ${basename(cwd)}:\n${stdout}${stderr}`);
  return stdout;
}
