/**
 * Makes a certificate request that names nobody: a public key, and the proof that its holder holds it.
 * @module
 */
import { createPrivateKey, sign } from 'node:crypto';
import { assemble } from './certificate-template.ts';
import { contextTag, element, positiveInteger, sequence } from './der.ts';
import type { KeyPairDer } from './key-type.ts';
import { signatureAlgorithms } from './signature-algorithm.ts';

/** PKCS#10, DER, with an empty subject and no attributes (RFC 2986 §4). */
export function makeCsr({ spki, pkcs8, family }: KeyPairDer): Buffer {
  const info = sequence(positiveInteger(Buffer.of(0)), sequence(), spki, element(contextTag(0, true)));
  const algorithm = family === 'rsa' ? signatureAlgorithms.rs256 : signatureAlgorithms.es256;
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  return assemble(info, algorithm, sign(algorithm.digest, info, key));
}
