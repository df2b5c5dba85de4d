/**
 * A backup as one value.
 * @module
 */
import { buffer } from 'node:stream/consumers';
import { backupPieces } from '../../src/identity/authority/recover/backup.ts';

/** Makes one, of a store that need not be an authority's. */
export async function makeBackup(deps: Parameters<typeof backupPieces>[0]): Promise<Uint8Array> {
  return buffer(backupPieces(deps));
}
