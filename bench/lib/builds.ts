/**
 * Builds of other commits, to be measured beside this one.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './paths.ts';

/** Returns the path of the program of a commit, built once and kept. @throws Error if the commit is unknown or does not build */
export function programOf(commit: string): string {
  const id = git('rev-parse', '--short=12', `${commit}^{commit}`).trim();
  const folder = join(cache, 'builds', id);
  const program = join(folder, 'dist/main.js');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-x', '-C', folder], {
    input: execFileSync('git', ['archive', id], { cwd: root, maxBuffer: 2 ** 30 }),
  });
  const isSame = readFileSync(join(folder, 'package-lock.json'), 'utf8') === git('show', 'HEAD:package-lock.json');
  if (!existsSync(join(folder, 'node_modules'))) {
    if (isSame) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    else execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
  }
  execFileSync('npm', ['run', '-s', 'build'], { cwd: folder, stdio: 'inherit' });
  return program;
}

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 30 });
