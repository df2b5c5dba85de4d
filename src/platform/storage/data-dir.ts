/**
 * The directory that holds what must not be lost.
 * @module
 */
import { accessSync, constants, existsSync, fchmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatehouseError } from '../../errors.ts';
import { openDirectory } from './open-directory.ts';

/**
 * Makes `path` (mode 0700) where it is missing, and checks that we may write there and nobody else may look in.
 *
 * @throws GatehouseError `store_unusable` naming the path and what to do
 */
export function prepareDataDir(path: string): void {
  try {
    makeDirectory(path);
    if (!statSync(path).isDirectory()) throw refuse(path, 'it is not a directory');
    closeToOthers(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    throw refuse(path, reasonOf(thrown), thrown);
  }
}

/** What is opened is what is looked at and closed to others, whatever the path leads to a moment later. */
function closeToOthers(path: string): void {
  using directory = openDirectory(path);
  if ((directory.status.mode & 0o077) !== 0) fchmodSync(directory.fd, 0o700);
}

/** One level after the other: `recursive` never returns where a file system refuses with ENOENT, as /proc does. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  mkdirSync(path, { mode: 0o700 });
}

/** One sentence for what the operating system refused. */
export function reasonOf(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException).code; // node:fs errors carry one
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `we may not write there; make it ours: chown it to uid ${process.geteuid?.() ?? '?'}`;
    case 'EROFS':
      return 'the file system is mounted read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full; free some space';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file stands where a directory should be';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function refuse(path: string, reason: string, cause?: unknown): GatehouseError {
  return new GatehouseError('store_unusable', `dataDir ${path} cannot be used: ${reason}`, { path, reason }, { cause });
}
