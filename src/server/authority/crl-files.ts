/**
 * Publishes the CRLs as PEM: in a file of dataDir, and as a page for those who fetch it.
 * @module
 */
import { join } from 'node:path';
import { crlsToPem } from '../../identity/pki/pem.ts';
import type { Watchable, WatchableSource } from '../../lib/watchable.ts';
import { replaceFile } from '../../platform/storage/replace-file.ts';

export interface CrlTargets {
  readonly dataDir: string;
  /** All CRLs, PEM; empty while nothing was ever revoked. */
  readonly page: WatchableSource<string>;
  /** Told of what keeps the file from being written. */
  readonly failed: (thrown: unknown) => void;
}

/** Publishes them now and at every change; the file `crl.pem` is replaced whole. */
export function publishCrls(crls: Watchable<readonly Uint8Array[]>, { dataDir, page, failed }: CrlTargets): Disposable {
  const path = join(dataDir, 'crl.pem');
  let writing = Promise.resolve();
  const publish = (): void => {
    const text = crlsToPem(crls.value);
    page.replace(text);
    if (text === '') return;
    writing = writing.then(() => replaceFile(path, text, 0o644)).catch(failed);
  };
  const unsubscribe = crls.subscribe(publish);
  publish();
  return { [Symbol.dispose]: unsubscribe };
}
