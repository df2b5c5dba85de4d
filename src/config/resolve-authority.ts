/**
 * What the `authority` section names in files, with paths that hold from anywhere.
 * @module
 */
import type { Config, UpstreamConfig } from './config.ts';
import type { ConfigDocument } from './schema.ts';

/** Where keys are made and kept. */
export function keyStore(
  written: ConfigDocument['authority']['keyStore'],
  absolute: (path: string) => string,
): Config['authority']['keyStore'] {
  if (typeof written === 'string') return written;
  const { module, tokenLabel, pinFile } = written.pkcs11;
  return { pkcs11: { module: absolute(module), tokenLabel, pinFile: absolute(pinFile) } };
}

/** The files of a CA above ours. */
export function upstream(
  written: NonNullable<ConfigDocument['authority']['upstream']>,
  absolute: (path: string) => string,
): UpstreamConfig {
  if ('directory' in written) return { directory: absolute(written.directory) };
  const { cert, key, ca } = written;
  return { cert: absolute(cert), key: absolute(key), ca: ca === undefined ? undefined : absolute(ca) };
}
