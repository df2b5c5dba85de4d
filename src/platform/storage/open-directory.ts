/**
 * Opens directories that we write to, when others may write the directories above them.
 * @module
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';

/** A directory held by its descriptor, whatever its path leads to later. */
export interface OpenDirectory extends Disposable {
  readonly fd: number;
  readonly status: Stats;
  /** A path in it, wherever its own path leads to by now. */
  at(name: string): string;
}

/**
 * Opens a directory. A link in its place is followed only if it is ours or root's: anybody else's would be his choice of where our
 * files go. Links further up are the operator's own way to name it.
 *
 * @throws Error in words for people; or what node:fs throws
 */
export function openDirectory(path: string): OpenDirectory {
  const link = lstatSync(path);
  if (link.isSymbolicLink() && link.uid !== process.geteuid?.() && link.uid !== 0)
    throw new Error(`it is a link that belongs to uid ${link.uid}: name the directory itself, or make the link ours`);
  const mayFollow = link.isSymbolicLink() ? 0 : constants.O_NOFOLLOW;
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | mayFollow);
  return {
    fd,
    status: fstatSync(fd),
    at: (name) => `/proc/self/fd/${fd}/${name}`,
    [Symbol.dispose]: () => closeSync(fd),
  };
}
