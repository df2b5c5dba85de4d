/**
 * Looks at a private key: whether it is one, and whether it is the one of a certificate.
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { NamedText, Unreadable } from './given-svid.ts';
import type { KeyReport } from './report.ts';

const BLOCK = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/g;

/** The private keys in a PEM text. */
export const keysIn = (text: string): readonly string[] => text.match(BLOCK) ?? [];

/** @param leaf  DER; undefined where there is no certificate */
export function inspectKey(given: NamedText | Unreadable, leaf: Uint8Array | undefined): KeyReport {
  const { file } = given;
  const told = (state: KeyReport['state'], problem: string | null, key?: KeyObject): KeyReport => ({
    ...{ file, state, problem },
    keyType: key === undefined ? null : typeOf(key),
  });
  if ('problem' in given) return told('unreadable', given.problem);
  const [pem, ...more] = keysIn(given.text);
  if (pem === undefined) return told('invalid', 'there is no private key in PEM');
  if (more.length > 0) return told('invalid', `there are ${more.length + 1} private keys`);
  if (/ENCRYPTED/.test(pem)) return told('encrypted', 'it is encrypted, so it was not compared');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return told('invalid', 'it is no private key that OpenSSL can read');
  }
  if (leaf === undefined) return told('alone', null, key);
  const same = createPublicKey(key).equals(new X509Certificate(leaf).publicKey);
  return told(same ? 'fits' : 'differs', same ? null : 'it is not the key of the certificate', key);
}

function typeOf({ asymmetricKeyType, asymmetricKeyDetails: details }: KeyObject): string {
  return `${asymmetricKeyType ?? ''} ${details?.namedCurve ?? details?.modulusLength ?? ''}`.trim();
}
