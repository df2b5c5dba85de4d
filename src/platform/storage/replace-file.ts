/**
 * Files that are replaced whole, in directories that others may write: made beside under a random name, as nobody else can have made
 * it first, and then renamed.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { fsync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { type OpenDirectory, openDirectory } from './open-directory.ts';

const sync = promisify(fsync);

/** Whole, or in pieces. */
type FileContent = string | Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Replaces a file, or makes it; durable when it returns. A link in its place is replaced, never followed.
 *
 * @param mode  permission bits, whatever the umask
 * @throws what node:fs or the content throws; then the file is as it was, and nothing is left beside it
 */
export async function replaceFile(path: string, content: FileContent, mode: number): Promise<void> {
  using directory = openDirectory(dirname(path));
  await replaceIn(directory, basename(path), content, mode);
}

/** As `replaceFile`, in an open directory. @param gid  whose group it is; undefined: ours, or the directory's */
export async function replaceIn(
  directory: OpenDirectory,
  name: string,
  content: FileContent,
  mode: number,
  gid?: number,
): Promise<void> {
  const beside = directory.at(`.gh-${randomBytes(8).toString('hex')}`);
  try {
    // Exclusive: neither a file nor a link may be there. 0600 until its content and its own mode are on it.
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(content);
      if (gid !== undefined) await file.chown(-1, gid); // before its mode: nobody else's group may read it, ever
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, directory.at(name));
    await sync(directory.fd);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
}
