/**
 * Leaves an SVID where programs that know only files find it.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GatehouseError } from '../../errors.ts';
import type { PemSvid } from './svid-pem.ts';

/**
 * Writes `bundle.pem`, `key.pem` (0600) and `svid.pem`; each is replaced in one step, so nobody reads half a file.
 * The directory is made (0700) if it does not exist. Run a reload only after this has returned: the files change one by one.
 *
 * @throws GatehouseError `store_unusable` if the directory cannot be written
 */
export async function writeSvidFiles(directory: string, svid: PemSvid): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await replace(directory, 'bundle.pem', svid.bundlePem, 0o644);
    await replace(directory, 'key.pem', svid.keyPem, 0o600);
    await replace(directory, 'svid.pem', svid.chainPem, 0o644);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GatehouseError(
      'store_unusable',
      `cannot write to ${directory}: ${reason}`,
      { directory },
      { cause: thrown },
    );
  }
}

async function replace(directory: string, name: string, text: string, mode: number): Promise<void> {
  const temporary = join(directory, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(directory, name));
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
}
