/**
 * The files of an upstream CA: named one by one, or a directory as cert-manager fills it.
 * @module
 */
import { join } from 'node:path';
import type { UpstreamConfig } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import type { UpstreamFiles } from '../../identity/authority/issue/upstream-check.ts';
import { readRegularFile } from '../../lib/regular-file.ts';
import { reasonOf } from '../../platform/storage/data-dir.ts';

/** Of a chain, a key, or roots. */
const MOST_PEM_BYTES = 1024 * 1024;

/** Reads them as they are now. @throws GatehouseError `certificate_invalid` when one cannot be read */
export async function readUpstreamFiles(upstream: UpstreamConfig): Promise<UpstreamFiles> {
  const { cert, key, ca } =
    'directory' in upstream
      ? {
          cert: join(upstream.directory, 'tls.crt'),
          key: join(upstream.directory, 'tls.key'),
          ca: join(upstream.directory, 'ca.crt'),
        }
      : upstream;
  const [certificatePem, keyPem, rootsPem] = await Promise.all([
    text('cert', cert),
    text('key', key),
    ca === undefined ? '' : text('ca', ca),
  ]);
  return { certificatePem, keyPem, rootsPem, names: { certificate: cert, key, roots: ca } };
}

async function text(name: string, file: string): Promise<string> {
  try {
    return (await readRegularFile(file, MOST_PEM_BYTES)).toString('utf8');
  } catch (thrown) {
    throw new GatehouseError(
      'certificate_invalid',
      `the upstream CA cannot be used: authority.upstream.${name} ${file} cannot be read: ${reasonOf(thrown)}`,
      { file },
      { cause: thrown },
    );
  }
}
