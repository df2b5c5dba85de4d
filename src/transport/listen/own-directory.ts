/**
 * A directory that nobody else may enter, inside one that others may write: what is made in it cannot be swapped.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import { GatehouseError } from '../../errors.ts';

/** A directory of mode 0700, removed when disposed. */
export interface OwnDirectory extends Disposable {
  /** The path of a new name in it, which holds until it is disposed; what has it then is removed. */
  readonly path: string;
}

/** Returns a path beneath an open directory, wherever that is now, and short. */
export function beneath(directory: number, name: string): string {
  return `/proc/self/fd/${directory}/${name}`;
}

/** Opens a directory itself, wherever its path leads later. Returns the descriptor. @throws what node:fs throws */
export function openDirectory(path: string, flags = 0): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
}

/**
 * Makes one in the open directory `parent`.
 *
 * @throws GatehouseError `config_invalid` when another took its place at once; or what node:fs throws
 */
export function makeOwnDirectory(parent: number): OwnDirectory {
  const name = `.gh-${randomBytes(8).toString('hex')}`;
  mkdirSync(beneath(parent, name), { mode: 0o700 });
  const directory = openOwn(beneath(parent, name));
  // Random, because Node takes the name away once more when it closes a socket, by a number that may mean another directory then.
  const path = beneath(directory, randomBytes(8).toString('hex'));
  return {
    path,
    [Symbol.dispose]() {
      quietly(() => unlinkSync(path));
      closeSync(directory);
      quietly(() => rmdirSync(beneath(parent, name)));
    },
  };
}

/** Opens a directory that was just made, if it is still that: ours, and no link. @throws as `makeOwnDirectory` */
export function openOwn(path: string): number {
  const directory = openDirectory(path, constants.O_NOFOLLOW);
  const { uid, mode } = fstatSync(directory);
  if (uid === process.geteuid?.() && (mode & 0o077) === 0) return directory;
  closeSync(directory);
  throw new GatehouseError('config_invalid', 'another user replaced a directory that was just made there', { path });
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It is gone, or was moved away by whoever owns the directory above: nothing of ours depends on it.
  }
}
