import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { readCsr } from '../../../../src/identity/pki/csr.ts';
import { generateKeyDer } from '../../../../src/identity/pki/key-type.ts';
import { makeCsr } from '../../../../src/identity/pki/make-csr.ts';
import { openssl } from '../../../support/openssl.ts';
import { tempDir } from '../../../support/temp-dir.ts';

describe('makeCsr', () => {
  for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`is verified by openssl, and read by us (${keyType})`, async () => {
      await using dir = await tempDir();
      const keys = await generateKeyDer(keyType);
      const csr = makeCsr(keys);
      await writeFile(dir.at('csr'), csr);
      const judged = openssl(['req', '-inform', 'DER', '-in', dir.at('csr'), '-verify', '-noout', '-subject']);
      assert.match(judged.text, /verify OK/);
      assert.deepEqual(Buffer.from(readCsr(csr).spki), Buffer.from(keys.spki));
    });
  }
});
