/**
 * Stores the last content of every policy file that was in force, so that a restart does not lose it.
 * @module
 */

/** What the sources remember. Names are those of the policy files. */
export interface LastGoodStore {
  /** The content that was last in force; undefined if there is none. */
  get(file: string): Promise<string | undefined>;
  keep(file: string, text: string): Promise<void>;
  drop(file: string): Promise<void>;
  /** Forgets every file but these. */
  retain(files: ReadonlySet<string>): Promise<void>;
}

/** Durable texts by name, which other users may share. */
export interface StoredTexts {
  get(name: string): string | undefined;
  set(name: string, content: string): void;
  remove(name: string): void;
  names(): readonly string[];
}

const PREFIX = 'policy ';

/** Makes a store of the texts whose names begin with `policy `; it touches no others. Rejects with whatever `texts` throws. */
export function lastGoodIn(texts: StoredTexts): LastGoodStore {
  return {
    get: async (file) => texts.get(PREFIX + file),
    keep: async (file, text) => texts.set(PREFIX + file, text),
    drop: async (file) => texts.remove(PREFIX + file),
    async retain(files) {
      for (const name of texts.names()) {
        if (name.startsWith(PREFIX) && !files.has(name.slice(PREFIX.length))) texts.remove(name);
      }
    },
  };
}
