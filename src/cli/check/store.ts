/**
 * The data directory, the store and the keys of an authority, looked at without changing or locking anything.
 * @module
 */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config, Pkcs11Config } from '../../config/config.ts';
import { asGatehouseError } from '../../errors.ts';
import type { Accounts } from '../../lib/accounts.ts';
import { authorityStoreKind } from '../../platform/storage/sqlite-authority-store.ts';
import { lookAtSqlite } from '../../platform/storage/sqlite-file.ts';
import { openKeyEncryptionKeys } from '../../server/authority/key-encryption-file.ts';
import { readPinFile } from '../../server/token/pin-file.ts';
import { bad, good, type Outcome, warning } from './outcome.ts';

/** Looks at what is at a path, never at what a link leads to; undefined: nothing is there. */
export function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined; // a file stands above; fs errors carry a code
    throw thrown;
  }
}

/** Whether `dataDir` is there, closed to others, and all of one user. */
export function checkDataDir({ dataDir }: Config, accounts: Accounts): readonly Outcome[] {
  const found = lookAt(dataDir);
  if (found === undefined) return [good('data-dir', `${dataDir} is not there yet; the first start makes it`)];
  if (!found.isDirectory()) return [bad('data-dir', `${dataDir} is no directory`, 'move away what stands there')];
  const nameOf = (uid: number): string => accounts.userName(uid) ?? `uid ${uid}`;
  const entries = [
    ...readdirSync(dataDir),
    ...(lookAt(join(dataDir, 'keys'))?.isDirectory() === true ? keyFiles(dataDir) : []),
  ];
  const foreign = entries.filter((each) => (lookAt(join(dataDir, each))?.uid ?? found.uid) !== found.uid);
  return [
    (found.mode & 0o077) === 0
      ? good('data-dir', `${dataDir} belongs to ${nameOf(found.uid)}, and nobody else may look in`)
      : warning('data-dir-open', `${dataDir} is open to others`, `chmod 700 ${dataDir}; a start does it too`),
    ...(foreign.length === 0
      ? []
      : [
          bad(
            'data-dir-mixed',
            `${dataDir} belongs to ${nameOf(found.uid)}, but ${foreign.slice(0, 3).join(', ')} in it to somebody else: the server could not write there`,
            `chown -R ${nameOf(found.uid)} ${dataDir}`,
          ),
        ]),
  ];
}

const keyFiles = (dataDir: string): string[] =>
  readdirSync(join(dataDir, 'keys')).flatMap((each) => (each.endsWith('.key') ? [join('keys', each)] : []));

/** Whether the store can be what the next start opens. */
export async function checkStore({ store, dataDir }: Config): Promise<readonly Outcome[]> {
  if (store.kind === 'postgres') return checkPostgres(store.url);
  const found = lookAt(store.path);
  if (found === undefined) {
    const keys = lookAt(join(dataDir, 'keys')) === undefined ? [] : keyFiles(dataDir);
    const parent = dirname(store.path);
    if (keys.length > 0) {
      return [
        bad(
          'store-missing',
          `there is no store ${store.path}, though ${keys.length} keys of an authority lie in ${join(dataDir, 'keys')}`,
          'correct store, or mount what is missing; see "The store is not the one it was" in docs/operations.md',
        ),
      ];
    }
    if (lookAt(parent) === undefined && !`${dataDir}/`.startsWith(`${parent}/`)) {
      return [
        bad('store-place', `${parent}, where the store shall be made, is not there`, `mkdir -p ${parent}, or mount it`),
      ];
    }
    return [good('store', `${store.path} is not there yet; the first start makes it`)];
  }
  const why = lookAtSqlite(store.path, authorityStoreKind);
  return [
    why === ''
      ? good('store', `${store.path} is a store that this version opens`)
      : bad(
          'store-unusable',
          `the store ${store.path} cannot be used: ${why}`,
          'name the right one, or bring back a backup',
        ),
  ];
}

async function checkPostgres(url: string): Promise<readonly Outcome[]> {
  const { createPostgresHost, hostsOf } = await import('../../platform/storage/postgres/host.ts');
  const looks = hostsOf(url).map(async (address) => {
    await using host = createPostgresHost(address);
    return host.look().then(
      () => ({ name: host.name, why: '' }),
      (thrown: unknown) => ({ name: host.name, why: thrown instanceof Error ? thrown.message : String(thrown) }),
    );
  });
  const hosts = await Promise.all(looks);
  const writable = hosts.some(({ why }) => why === '');
  return hosts.map(({ name, why }) => {
    if (why === '') return good('store', `PostgreSQL at ${name} can be written to`);
    const fix = 'start it, or correct store; it must be the primary';
    return (writable ? warning : bad)(
      'store-unreachable',
      `PostgreSQL: ${why.includes(name) ? why : `${name}: ${why}`}`,
      fix,
    );
  });
}

/** The token itself is not opened: a wrong PIN would cost one of its tries. */
function checkToken({ module, tokenLabel, pinFile }: Pkcs11Config): Outcome[] {
  if (lookAt(module) === undefined)
    return [bad('token-module', `there is no PKCS#11 module ${module}`, 'correct authority.keyStore.pkcs11.module')];
  try {
    readPinFile(pinFile);
    return [good('token', `new keys are made on the PKCS#11 token ${tokenLabel}; it was not opened`)];
  } catch (thrown) {
    return [bad('token-pin', asGatehouseError(thrown).message, 'correct it; see docs/hardware-keys.md')];
  }
}

/** Whether keys are closed to others, and whether what wraps them can be read. */
export function checkKeys(config: Config): readonly Outcome[] {
  const { dataDir, store, authority } = config;
  const file = authority.keyEncryptionKeyFile;
  const outcomes: Outcome[] = typeof authority.keyStore === 'object' ? checkToken(authority.keyStore.pkcs11) : [];
  if (file === undefined) {
    if (outcomes.length === 0)
      outcomes.push(
        authority.keyStore === 'memory'
          ? good('keys', 'keys live in memory, and go with the process')
          : warning(
              'keys-plain',
              'keys lie unencrypted on the disk',
              'set authority.keyEncryptionKeyFile; see Hardening in docs/operations.md',
            ),
      );
  } else {
    const { ids } = openKeyEncryptionKeys(config);
    const found = lookAt(file);
    outcomes.push(
      found !== undefined && (found.mode & 0o077) !== 0
        ? warning('kek-open', `others may read ${file}, which encrypts the keys`, `chmod 600 ${file}`)
        : good('kek', `${file} holds ${ids().length === 1 ? 'a key' : `${ids().length} keys`} to encrypt keys with`),
    );
  }
  if (store.kind === 'postgres' || lookAt(join(dataDir, 'keys')) === undefined) return outcomes;
  const open = keyFiles(dataDir).filter((each) => ((lookAt(join(dataDir, each))?.mode ?? 0) & 0o077) !== 0);
  return [
    ...outcomes,
    open.length === 0
      ? good('key-files', `${keyFiles(dataDir).length} keys in ${join(dataDir, 'keys')}, and nobody else may read them`)
      : bad(
          'key-files-open',
          `others may read ${open.slice(0, 3).join(', ')} in ${dataDir}`,
          `chmod 600 ${join(dataDir, 'keys')}/*.key, and rotate (gatehouse ca rotate): they may have been read`,
        ),
  ];
}
