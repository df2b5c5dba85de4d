/**
 * What stays the same from batch to batch: certificates of callers and workloads, and tokens.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { NativeCaller } from '../../support/native-envoy.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { placeNames } from './draw-policies.ts';
import { drawnCallers } from './draw-questions.ts';
import { createTokens, type Tokens } from './draw-tokens.ts';
import { workloadOf } from './twins.ts';

export interface Equipment extends AsyncDisposable {
  readonly dir: TempDir;
  /** By their index. */
  readonly callers: readonly Exclude<NativeCaller, undefined>[];
  readonly tokens: Tokens;
}

const LEAF = 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n';

/** Makes certificates of all callers and places, and tokens. */
export async function createEquipment(): Promise<Equipment> {
  const dir = await tempDir();
  const roots = ['roots', 'foreign'].map((name) => makeCertificate(dir, { name, commonName: name }));
  writeFileSync(dir.at('all-roots.pem'), roots.join(''));
  for (const name of placeNames) {
    const extensions = `${LEAF}subjectAltName=URI:${workloadOf({ name })}\n`;
    makeCertificate(dir, { name, issuer: 'roots', key: 'server', extensions });
  }
  const callers = drawnCallers.map(({ uris, dnsNames, commonName, isForeign }, i) => {
    const alt = [...uris.map((uri, n) => `URI.${n}=${uri}`), ...dnsNames.map((dns, n) => `DNS.${n}=${dns}`)];
    const extensions = alt.length === 0 ? LEAF : `${LEAF}subjectAltName=@alt\n[alt]\n${alt.join('\n')}\n`;
    const key = 'caller';
    const issuer = isForeign ? 'foreign' : 'roots';
    const subject = commonName === undefined ? {} : { commonName: commonName.replaceAll('/', String.raw`\/`) };
    const cert = makeCertificate(dir, { name: `c${i}`, issuer, key, extensions, ...subject });
    return { cert, key: readFileSync(dir.at(`${key}.key`), 'utf8') };
  });
  return { dir, callers, tokens: await createTokens(), [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}
