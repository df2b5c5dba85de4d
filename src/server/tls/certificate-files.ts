/**
 * A certificate that is in files, shown in place of an SVID of ours: read again when the files change.
 * @module
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { GatehouseError } from '../../errors.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';

const LOOK_MS = 5_000;

export interface CertificateFiles extends Disposable {
  readonly identity: Watchable<TlsIdentity | undefined>;
}

/**
 * Reads them now and every few seconds. What cannot be used is told and leaves the last good one.
 *
 * @throws Error from the file system or OpenSSL where there is none yet
 */
function watchCertificateFiles(
  { cert, key }: { readonly cert: string; readonly key: string },
  failed: (why: string) => void,
): CertificateFiles {
  const identity = createWatchable<TlsIdentity | undefined>(readIdentity(cert, key));
  let lastFailure = '';
  const look = (): void => {
    try {
      const next = readIdentity(cert, key);
      const { value } = identity;
      if (next.chainPem !== value?.chainPem || next.keyPem !== value.keyPem) identity.replace(next);
      lastFailure = '';
    } catch (thrown) {
      const why = `${cert}: ${String(thrown)}; what was read last is shown`;
      if (why !== lastFailure) failed(why);
      lastFailure = why;
    }
  };
  const looking = setInterval(look, LOOK_MS).unref();
  return { identity, [Symbol.dispose]: () => clearInterval(looking) };
}

/** The same for a listener of the configuration. @throws GatehouseError `config_invalid` where they cannot be used */
export function watchShownFiles(
  listener: string,
  shown: { readonly cert: string; readonly key: string },
  failed: (why: string) => void,
): CertificateFiles {
  try {
    return watchCertificateFiles(shown, failed);
  } catch (cause) {
    throw new GatehouseError('config_invalid', `${listener}.tls: ${String(cause)}`, {}, { cause });
  }
}

/** It vouches for nobody: who may call is said elsewhere. */
function readIdentity(cert: string, key: string): TlsIdentity {
  const [chainPem, keyPem] = [readFileSync(cert, 'utf8'), readFileSync(key, 'utf8')];
  createSecureContext({ cert: chainPem, key: keyPem }); // throws while one of them is that of before
  return { chainPem, keyPem, trustedPem: chainPem };
}
