/**
 * Certificate authorities that openssl makes, for ours to stand under.
 * @module
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { openssl } from './openssl.ts';
import type { TempDir } from './temp-dir.ts';

/** Makes `ca/<name>.{crt,key}`; a root, or one that `issuer` certifies. */
export async function makeCa(dir: TempDir, name: string, issuer = name, isCa = true): Promise<void> {
  await mkdir(dir.at('ca'), { recursive: true });
  const extensions = isCa
    ? ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
    : ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'];
  const signer = issuer === name ? [] : ['-CA', dir.at(`ca/${issuer}.crt`), '-CAkey', dir.at(`ca/${issuer}.key`)];
  const made = openssl([
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-days', '30'],
    ...['-subj', `/CN=${name}`, '-keyout', dir.at(`ca/${name}.key`), '-out', dir.at(`ca/${name}.crt`), ...signer],
    ...extensions.flatMap((each) => ['-addext', each]),
  ]);
  assert.ok(made.ok, made.text);
}
