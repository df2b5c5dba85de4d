/**
 * Certificates with any life and any extensions, made by `openssl ca`: also expired ones, and twins of one name and key.
 * @module
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fromPem } from '../../src/identity/pki/pem.ts';
import { openssl } from './openssl.ts';
import type { TempDir } from './temp-dir.ts';

export interface Made {
  /** Files are `<name>.pem` and `<key>.key`. */
  readonly name: string;
  /** Who certifies; itself when absent. */
  readonly issuer?: string;
  /** Whose key file it has, which is made when it is not there; its own when absent. */
  readonly key?: string;
  /** Common name; that of `key` when absent, so that a twin has the name of its elder. Empty: no name at all. */
  readonly commonName?: string;
  readonly isRsa?: boolean;
  /** Days from now; default -1 and 30. */
  readonly fromDays?: number;
  readonly untilDays?: number;
  /** Lines of an extension section; default {@link usualCa}. */
  readonly extensions?: string;
}

export const usualCa =
  'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';

/** Makes one; answers its PEM. */
export function makeCertificate(dir: TempDir, made: Made): string {
  const { name, issuer = name, key = name, commonName = key, isRsa = false, fromDays = -1, untilDays = 30 } = made;
  const keyFile = dir.at(`${key}.key`);
  const algorithm = isRsa ? ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'] : ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  if (!existsSync(keyFile)) run(['genpkey', '-algorithm', ...algorithm, '-out', keyFile]);
  const section = dir.at(`${name}.cnf`);
  writeFileSync(dir.at('index.txt'), '');
  writeFileSync(dir.at('index.txt.attr'), 'unique_subject = no\n');
  writeFileSync(dir.at('serial'), `4${randomBytes(15).toString('hex')}0\n`);
  writeFileSync(
    section,
    `[ca]\ndefault_ca=one\n[one]\ndatabase=${dir.at('index.txt')}\nnew_certs_dir=${dir.path}\nserial=${dir.at('serial')}\ndefault_md=sha256\npolicy=any\nx509_extensions=ext\n[any]\ncommonName=optional\n[ext]\n${made.extensions ?? usualCa}`,
  );
  const csr = dir.at(`${name}.csr`);
  run(['req', '-new', '-key', keyFile, '-subj', commonName === '' ? '/' : `/CN=${commonName}`, '-out', csr]);
  const signer =
    issuer === name
      ? ['-selfsign', '-keyfile', keyFile]
      : ['-cert', dir.at(`${issuer}.pem`), '-keyfile', dir.at(`${keyOf.get(dir.at(issuer)) ?? issuer}.key`)];
  run([
    ...['ca', '-batch', '-notext', '-config', section, '-in', csr, '-out', dir.at(`${name}.pem`)],
    ...['-startdate', inDays(fromDays), '-enddate', inDays(untilDays), ...signer],
  ]);
  keyOf.set(dir.at(name), key);
  return readFileSync(dir.at(`${name}.pem`), 'utf8');
}

const keyOf = new Map<string, string>();

/** DER of the first certificate in a PEM text. */
export const derOf = (pem: string): Buffer => fromPem('CERTIFICATE', pem)[0]!;

function run(args: readonly string[]): void {
  const made = openssl(args);
  assert.ok(made.ok, `openssl ${args.join(' ')}\n${made.text}`);
}

const inDays = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '')}`;
