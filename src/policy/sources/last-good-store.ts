/**
 * Keeps the last content of every policy file that was in force, so that a restart does not lose it.
 * @module
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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

/**
 * A store in a directory of its own (created 0700), one entry for each policy file. An entry is named by the hashes of
 * the policy file's name and of its content: what is there already need not be read, and what was cut off in the middle is
 * not taken for good.
 */
export function createLastGoodDirectory(directory: string): LastGoodStore {
  return new LastGoodDirectory(directory);
}

class LastGoodDirectory implements LastGoodStore {
  readonly #directory: string;
  /** Hash of a policy file's name → hash of its content. */
  #entries: Promise<Map<string, string>> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async get(file: string): Promise<string | undefined> {
    const name = digest(file);
    const content = (await this.#list()).get(name);
    if (content === undefined) return undefined;
    const text = await readFile(this.#path(name, content), 'utf8').catch(() => undefined);
    return text !== undefined && digest(text) === content ? text : undefined;
  }

  async keep(file: string, text: string): Promise<void> {
    const entries = await this.#list();
    const name = digest(file);
    const content = digest(text);
    const before = entries.get(name);
    if (before === content) return;
    await writeFile(this.#path(name, content), text, { mode: 0o600 });
    entries.set(name, content);
    if (before !== undefined) await rm(this.#path(name, before), { force: true });
  }

  async drop(file: string): Promise<void> {
    await this.#remove(digest(file));
  }

  async retain(files: ReadonlySet<string>): Promise<void> {
    const kept = new Set([...files].map(digest));
    for (const name of (await this.#list()).keys()) if (!kept.has(name)) await this.#remove(name);
  }

  async #remove(name: string): Promise<void> {
    const entries = await this.#list();
    const content = entries.get(name);
    if (content === undefined) return;
    entries.delete(name);
    await rm(this.#path(name, content), { force: true });
  }

  #path(name: string, content: string): string {
    return join(this.#directory, `${name}.${content}`);
  }

  #list(): Promise<Map<string, string>> {
    this.#entries ??= readEntries(this.#directory);
    return this.#entries;
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

async function readEntries(directory: string): Promise<Map<string, string>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = await readdir(directory);
  return new Map(
    names
      .filter((name) => /^[0-9a-f]{32}\.[0-9a-f]{32}$/.test(name))
      .map((name) => [name.slice(0, 32), name.slice(33)]),
  );
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
