/**
 * Helm, with files of its own, and our chart.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../run-gatehouse.ts';
import type { TempDir } from '../temp-dir.ts';
import { helmProgram } from './judge-programs.ts';

export const chartFolder = join(projectRoot, 'deploy/helm/gatehouse');

export interface HelmAnswer {
  readonly ok: boolean;
  readonly out: string;
  readonly err: string;
}

/** Runs it to its end. @param home  keeps what Helm keeps of its user */
export function helm(home: TempDir, ...args: readonly string[]): HelmAnswer {
  const env = { PATH: process.env['PATH'], HOME: home.path };
  const { status, stdout, stderr, error } = spawnSync(helmProgram(), args, { encoding: 'utf8', env, maxBuffer: 1e8 });
  if (error) throw error;
  return { ok: status === 0, out: stdout, err: stderr };
}
