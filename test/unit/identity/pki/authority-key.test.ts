import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { problemOfAuthorityKey } from '../../../../src/identity/pki/authority-key.ts';
import { openssl } from '../../../support/openssl.ts';

const der = ({ publicKey }: { publicKey: KeyObject }): Buffer => publicKey.export({ type: 'spki', format: 'der' });
const ec = (namedCurve: string): Buffer => der(generateKeyPairSync('ec', { namedCurve }));
const rsa = (modulusLength: number, publicExponent = 65_537): Buffer =>
  der(generateKeyPairSync('rsa', { modulusLength, publicExponent }));

/** A P-256 key as openssl writes it otherwise than libraries read it. */
function rewritten(...how: readonly string[]): Buffer {
  const run = openssl(['ec', '-pubin', '-inform', 'DER', '-outform', 'DER', '-pubout', ...how], ec('prime256v1'));
  assert.ok(run.ok, run.text);
  return run.stdout;
}

const cases: readonly { name: string; spki: () => Buffer; want: RegExp | undefined }[] = [
  { name: 'P-256', spki: () => ec('prime256v1'), want: undefined },
  { name: 'P-384', spki: () => ec('secp384r1'), want: undefined },
  { name: 'P-521', spki: () => ec('secp521r1'), want: undefined },
  { name: 'RSA of 2048 bits', spki: () => rsa(2048), want: undefined },
  { name: 'RSA with the exponent 3', spki: () => rsa(2048, 3), want: undefined },
  { name: 'P-224', spki: () => ec('secp224r1'), want: /curve is secp224r1/ },
  { name: 'secp256k1', spki: () => ec('secp256k1'), want: /curve is secp256k1/ },
  { name: 'a Brainpool curve', spki: () => ec('brainpoolP256r1'), want: /curve is brainpoolP256r1/ },
  { name: 'a curve that is written out', spki: () => rewritten('-param_enc', 'explicit'), want: /not named/ },
  { name: 'a compressed point', spki: () => rewritten('-conv_form', 'compressed'), want: /compressed/ },
  { name: 'RSA of 1024 bits', spki: () => rsa(1024), want: /has 1024 bits/ },
  {
    name: 'RSA-PSS, which only some verify',
    spki: () => der(generateKeyPairSync('rsa-pss', { modulusLength: 2048 })),
    want: /kind rsa-pss/,
  },
  { name: 'Ed25519', spki: () => der(generateKeyPairSync('ed25519')), want: /kind ed25519/ },
  { name: 'Ed448', spki: () => der(generateKeyPairSync('ed448')), want: /kind ed448/ },
  { name: 'no key', spki: () => Buffer.from('3000', 'hex'), want: /cannot be read/ },
];

describe('problemOfAuthorityKey', () => {
  for (const { name, spki, want } of cases)
    it(`${want === undefined ? 'takes' : 'refuses'} ${name}`, () => {
      const problem = problemOfAuthorityKey(spki());
      if (want === undefined) assert.equal(problem, undefined);
      else assert.match(problem ?? 'taken', want);
    });
});
