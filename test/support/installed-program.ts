/**
 * The program as it is installed: package.json, node_modules and dist, and nothing of the checkout.
 * @module
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './run-gatehouse.ts';
import { type TempDir, tempDir } from './temp-dir.ts';

export type InstalledProgram = TempDir & {
  /** Its `dist/main.js`. */
  readonly main: string;
};

/** Builds it into a directory of its own, as docs/operations.md makes it. */
export async function installedProgram(): Promise<InstalledProgram> {
  const opt = await tempDir('gh-opt-');
  copyFileSync(join(projectRoot, 'package.json'), opt.at('package.json'));
  symlinkSync(join(projectRoot, 'node_modules'), opt.at('node_modules'));
  const build = spawnSync(process.execPath, [join(projectRoot, 'scripts/build.mjs'), opt.at('dist')]);
  assert.equal(build.status, 0, String(build.stderr));
  return { ...opt, main: opt.at('dist/main.js') };
}
