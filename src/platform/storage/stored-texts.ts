/**
 * Small texts kept over a restart, by name: the last good content of each policy file, what the feed said, who calls whom.
 * @module
 */
import { join } from 'node:path';
import { openSqlite, runningError, type SqliteKind } from './sqlite-file.ts';

const kind: SqliteKind = {
  applicationId: 0x4b657074,
  migrations: ['CREATE TABLE texts (name TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;'],
};

/** Texts by name, which outlive the process. */
export interface StoredTexts extends Disposable {
  get(name: string): string | undefined;
  /** Durable when it returns. @throws GatehouseError `store_unavailable` */
  set(name: string, content: string): void;
  remove(name: string): void;
  names(): readonly string[];
}

/**
 * Opens `kept.db` in the data directory; its lock is also the directory's, whatever store the authority has.
 *
 * @throws GatehouseError `store_locked`, `store_unusable`
 */
export function openStoredTexts(dataDir: string): StoredTexts {
  const path = join(dataDir, 'kept.db');
  const database = openSqlite(path, kind);
  const get = database.prepare('SELECT content FROM texts WHERE name = ?');
  const set = database.prepare('INSERT OR REPLACE INTO texts VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM texts WHERE name = ?');
  const names = database.prepare('SELECT name FROM texts ORDER BY name');
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (thrown) {
      throw runningError(path, thrown);
    }
  };
  return {
    get: (name) =>
      guarded(() => {
        const content = get.get(name)?.['content'];
        return content === undefined ? undefined : String(content);
      }),
    set: (name, content) => guarded(() => void set.run(name, content)),
    remove: (name) => guarded(() => void remove.run(name)),
    names: () => guarded(() => names.all().map((row) => String(row['name']))),
    [Symbol.dispose]() {
      if (database.isOpen) database.close();
    },
  };
}
