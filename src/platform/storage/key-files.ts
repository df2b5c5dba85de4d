/**
 * Key bytes as files: one a key, mode 0600, durable before it is used.
 * @module
 */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GatehouseError } from '../../errors.ts';
import type { KeyBlobs } from '../../identity/authority/keys/signer.ts';
import { reasonOf } from './data-dir.ts';
import { replaceFile } from './replace-file.ts';

const SUFFIX = '.key';
const ORPHANED = 'orphaned';
const ID = /^[0-9a-f]{8,64}$/;
/** As `listAside` names one. */
const ASIDE = /^orphaned\/[0-9a-f]{8,64}(\.\d+)?$/;

/** Creates the key files of `directory`, which is made (0700) where it is missing. */
export function createKeyFiles(directory: string): KeyBlobs {
  const pathOf = (keyId: string): string => {
    if (!ID.test(keyId) && !ASIDE.test(keyId)) throw new TypeError(`not a key id: ${keyId}`);
    return join(directory, keyId + SUFFIX);
  };
  return {
    put: (keyId, bytes) => guarded(directory, () => writeDurably(directory, pathOf(keyId), bytes)),
    replace: (keyId, bytes) =>
      guarded(directory, async () => {
        const path = pathOf(keyId);
        if (existsSync(path)) await writeDurably(directory, path, bytes);
      }),
    get: (keyId) =>
      guarded(directory, async () => {
        try {
          return await readFile(pathOf(keyId));
        } catch (thrown) {
          if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // node:fs errors carry a code
          throw thrown;
        }
      }),
    remove: (keyId) =>
      guarded(directory, async () => {
        await rm(pathOf(keyId), { force: true });
        await syncDirectory(directory);
      }),
    setAside: (keyId) =>
      guarded(directory, async () => {
        const aside = join(directory, ORPHANED);
        await mkdir(aside, { recursive: true, mode: 0o700 });
        const target = await freeName(aside, keyId);
        await rename(pathOf(keyId), target);
        await syncDirectory(aside);
        await syncDirectory(directory);
        return target;
      }),
    listAside: () =>
      guarded(directory, async () => {
        const files = await readdir(join(directory, ORPHANED)).catch((thrown: NodeJS.ErrnoException) => {
          if (thrown.code === 'ENOENT') return []; // nothing ever was
          throw thrown;
        });
        return files.flatMap((file) => {
          const name = `${ORPHANED}/${file.slice(0, -SUFFIX.length)}`;
          return file.endsWith(SUFFIX) && ASIDE.test(name) ? [name] : [];
        });
      }),
    list: () =>
      guarded(directory, async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const names = await readdir(directory);
        return names.flatMap((name) => {
          const keyId = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : '';
          return ID.test(keyId) ? [keyId] : [];
        });
      }),
  };
}

/** A name that nothing has yet: what was moved aside before stays. */
async function freeName(directory: string, keyId: string): Promise<string> {
  const taken = new Set(await readdir(directory));
  let name = keyId + SUFFIX;
  for (let count = 1; taken.has(name); count += 1) name = `${keyId}.${count}${SUFFIX}`;
  return join(directory, name);
}

/** There is a whole key, or none. */
async function writeDurably(directory: string, path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(path, bytes, 0o600);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function guarded<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const reason = reasonOf(thrown);
    throw new GatehouseError(
      'store_unavailable',
      `the keys in ${directory} are out of reach: ${reason}`,
      { directory },
      { cause: thrown },
    );
  }
}
