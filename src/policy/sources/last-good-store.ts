/**
 * Keeps the last content of every policy file that was in force, so that a restart does not lose it.
 * @module
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the sources need to remember. Names are those of the policy files. */
export interface LastGoodStore {
  /** The content that was last in force; undefined if there is none. */
  get(file: string): Promise<string | undefined>;
  keep(file: string, text: string): Promise<void>;
  drop(file: string): Promise<void>;
  /** Forgets every file but these. */
  retain(files: ReadonlySet<string>): Promise<void>;
}

/** A store of one file for each policy file, in a directory of its own (created 0700). Replacement is atomic. */
export function createLastGoodDirectory(directory: string): LastGoodStore {
  const nameOf = (file: string): string => createHash('sha256').update(file).digest('hex');
  const get = async (file: string): Promise<string | undefined> => {
    try {
      return await readFile(join(directory, nameOf(file)), 'utf8');
    } catch {
      return undefined;
    }
  };
  return {
    get,
    async keep(file, text) {
      if ((await get(file)) === text) return;
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const fresh = join(directory, `.${nameOf(file)}`);
      await writeFile(fresh, text, { mode: 0o600, flush: true });
      await rename(fresh, join(directory, nameOf(file)));
    },
    async drop(file) {
      await rm(join(directory, nameOf(file)), { force: true });
    },
    async retain(files) {
      const kept = new Set([...files].map(nameOf));
      const names = await readdir(directory).catch(() => []);
      await Promise.all(
        names.filter((name) => !kept.has(name)).map((name) => rm(join(directory, name), { force: true })),
      );
    },
  };
}

/** A store that forgets with the process. */
export function createLastGoodMemory(): LastGoodStore {
  const texts = new Map<string, string>();
  return {
    get: (file) => Promise.resolve(texts.get(file)),
    keep: async (file, text) => void texts.set(file, text),
    drop: async (file) => void texts.delete(file),
    retain: async (files) => {
      for (const file of texts.keys()) if (!files.has(file)) texts.delete(file);
    },
  };
}
