/**
 * Publishes the CRLs as PEM: in a file of dataDir, and as a page for those who fetch it.
 * @module
 */
import { join } from 'node:path';
import { crlsToPem } from '../../identity/pki/pem.ts';
import type { Watchable } from '../../lib/watchable.ts';
import { replaceFile } from '../../platform/storage/replace-file.ts';

export interface CrlPublication extends Disposable {
  /** All CRLs, PEM; empty while nothing was ever revoked. */
  text(): string;
}

/** Writes `crl.pem` now and at every change, replaced whole. `failed` is told of what keeps it from being written. */
export function publishCrls(
  crls: Watchable<readonly Uint8Array[]>,
  dataDir: string,
  failed: (thrown: unknown) => void,
): CrlPublication {
  const path = join(dataDir, 'crl.pem');
  let writing = Promise.resolve();
  const write = (): void => {
    const text = crlsToPem(crls.value);
    if (text === '') return;
    writing = writing.then(() => replaceFile(path, text, 0o644)).catch(failed);
  };
  const unsubscribe = crls.subscribe(write);
  write();
  return { text: () => crlsToPem(crls.value), [Symbol.dispose]: unsubscribe };
}
