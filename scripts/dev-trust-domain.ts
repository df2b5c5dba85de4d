/**
 * The development trust domain: a root that stays the same over all runs of the demo, made at first use in `certs/dev/`.
 * @module
 */
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { developmentRoot } from '../certs/development-root.ts';
import { readCertificate } from '../src/identity/pki/certificate.ts';
import { assemble, authoritySubject, authorityTbs } from '../src/identity/pki/certificate-template.ts';
import { generateKeyDer, keyIdentifier } from '../src/identity/pki/key-type.ts';
import { fromPem, toPem } from '../src/identity/pki/pem.ts';
import { signatureAlgorithms } from '../src/identity/pki/signature-algorithm.ts';

const certs = join(dirname(fileURLToPath(import.meta.url)), '../certs');
const TEN_YEARS_MS = 3650 * 86_400_000;
const MONTH_MS = 30 * 86_400_000;

/** Its files, as `authority.upstream` takes them. */
export interface DevTrustDomain {
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes the development root if there is none yet, or none that lasts another month.
 *
 * @param directory  where `dev/` is; `certs/` unless a test says another
 */
export async function ensureDevTrustDomain(directory = certs): Promise<DevTrustDomain> {
  const dev = join(directory, 'dev');
  const files = { cert: join(dev, 'root.pem'), key: join(dev, 'root.key') };
  if (await lasts(files.cert)) return files;
  await mkdir(directory, { recursive: true });
  const made = await mkdtemp(join(directory, '.dev-'));
  const { certificate, pkcs8 } = await makeRoot(Date.now());
  await writeFile(join(made, 'root.pem'), toPem('CERTIFICATE', certificate));
  await writeFile(join(made, 'root.key'), toPem('PRIVATE KEY', pkcs8), { mode: 0o600 });
  await rm(dev, { recursive: true, force: true });
  await rename(made, dev).catch(async (thrown: unknown) => {
    await rm(made, { recursive: true, force: true });
    if (!(await lasts(files.cert))) throw thrown; // else another run has made one meanwhile
  });
  return files;
}

async function lasts(cert: string): Promise<boolean> {
  const pem = await readFile(cert, 'utf8').catch(() => '');
  const [der] = pem === '' ? [] : fromPem('CERTIFICATE', pem);
  return der !== undefined && readCertificate(der).notAfterAt > Date.now() + MONTH_MS;
}

async function makeRoot(atMs: number): Promise<{ readonly certificate: Buffer; readonly pkcs8: Uint8Array }> {
  const pair = await generateKeyDer('ec-p256');
  const algorithm = signatureAlgorithms.es256;
  const subject = authoritySubject(developmentRoot, keyIdentifier(pair.spki).toString('hex'));
  const serial = randomBytes(16);
  serial[0] = 0x40;
  const tbs = authorityTbs(
    developmentRoot,
    {
      serial,
      notBeforeAt: Math.floor(atMs / 1000) * 1000 - 60_000,
      notAfterAt: Math.floor((atMs + TEN_YEARS_MS) / 1000) * 1000,
      key: pair,
      trustDomainId: 'spiffe://cluster.local',
      subject,
      issuer: { name: subject, keyId: undefined },
    },
    algorithm,
  );
  const key = createPrivateKey({ key: Buffer.from(pair.pkcs8), format: 'der', type: 'pkcs8' });
  return { certificate: assemble(tbs, algorithm, sign(algorithm.digest, tbs, key)), pkcs8: pair.pkcs8 };
}
