/**
 * Leaves an SVID where programs that know only files find it.
 * @module
 */
import { mkdir } from 'node:fs/promises';
import { GatehouseError } from '../../errors.ts';
import { openDirectory } from '../../platform/storage/open-directory.ts';
import { replaceIn } from '../../platform/storage/replace-file.ts';
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
    using target = openDirectory(directory);
    await replaceIn(target, 'bundle.pem', svid.bundlePem, 0o644);
    await replaceIn(target, 'key.pem', svid.keyPem, 0o600);
    await replaceIn(target, 'svid.pem', svid.chainPem, 0o644);
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
