/**
 * Leaves an SVID where programs that know only files find it.
 * @module
 */

import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GatehouseError } from '../../errors.ts';
import { createAccounts } from '../../lib/accounts.ts';
import { openDirectory } from '../../platform/storage/open-directory.ts';
import { replaceIn } from '../../platform/storage/replace-file.ts';
import type { FileFlags, SvidFiles } from './file-options.ts';

/** Tried when the directory is opened: what cannot be written then is told before anything is issued for it. */
const TRIAL = '.gatehouse-trial';

/**
 * Opens the directory of `--write`, and tries to write there; undefined without `--write`.
 *
 * `write` leaves `bundle.pem`, `key.pem` and `svid.pem`; each is replaced in one step, so nobody reads half a file. The directory is
 * made (0700, with a group 0750) if it does not exist. Run a reload only after it has returned: the files change one by one.
 *
 * @throws GatehouseError `config_invalid` for a group that is not known, `store_unusable` where the directory cannot be written
 */
export async function svidFilesOf({ write, mode, group }: FileFlags): Promise<SvidFiles | undefined> {
  if (write === undefined) {
    if (mode === undefined && group === undefined) return undefined;
    throw new GatehouseError(
      'config_invalid',
      '--mode and --group say how files are written: give --write DIRECTORY too',
    );
  }
  const gid = group === undefined ? undefined : gidOf(group);
  const keyMode = mode ?? (gid === undefined ? 0o600 : 0o640);
  const inDirectory = async (work: (target: ReturnType<typeof openDirectory>) => Promise<void>): Promise<void> => {
    try {
      await makeDirectory(write, gid);
      using target = openDirectory(write);
      await work(target);
    } catch (thrown) {
      throw unwritable(write, group, thrown);
    }
  };
  await inDirectory(async (target) => {
    await replaceIn(target, TRIAL, '', 0o600, gid);
    await rm(target.at(TRIAL));
  });
  return {
    write: (svid) =>
      inDirectory(async (target) => {
        await replaceIn(target, 'bundle.pem', svid.bundlePem, 0o644, gid);
        await replaceIn(target, 'key.pem', svid.keyPem, keyMode, gid);
        await replaceIn(target, 'svid.pem', svid.chainPem, 0o644, gid);
      }),
  };
}

/** A directory that is there stays as it is. */
async function makeDirectory(path: string, gid: number | undefined): Promise<void> {
  if (!(await makeOne(path, 0o700)) || gid === undefined) return;
  await chown(path, -1, gid);
  await chmod(path, 0o750);
}

/** Makes one directory, and those above it that are missing (0755); whether it was made. Each step can only fail or be done. */
async function makeOne(path: string, mode: number): Promise<boolean> {
  const made = await mkdir(path, { mode }).then(
    () => 'made' as const,
    (thrown: NodeJS.ErrnoException) => (thrown.code === 'EEXIST' ? ('there' as const) : thrown),
  );
  if (!(made instanceof Error)) return made === 'made';
  const parent = dirname(path);
  if (made.code !== 'ENOENT' || parent === path || existsSync(parent)) throw made;
  await makeOne(parent, 0o755);
  await mkdir(path, { mode });
  return true;
}

function gidOf(group: string): number {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  const gid = createAccounts().gidOf(group);
  if (gid !== undefined) return gid;
  throw new GatehouseError(
    'config_invalid',
    `--group: ${JSON.stringify(group)} is not known on this machine: create it, or give its number`,
    { group },
  );
}

function unwritable(directory: string, group: string | undefined, thrown: unknown): GatehouseError {
  const { code, message } = thrown as NodeJS.ErrnoException; // node:fs errors carry a code, ours in words do not
  const why =
    code === 'EPERM' && group !== undefined
      ? `files cannot be given to group ${group}: be root, or a member of it`
      : message;
  return new GatehouseError('store_unusable', `cannot write to ${directory}: ${why}`, { directory }, { cause: thrown });
}
