/**
 * The public key that a request is about, and the proof that who asks holds it. Nothing else of it counts.
 * @module
 */
import { constants, createPublicKey, verify } from 'node:crypto';
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import { readCsr, spkiOfCsr } from '../../pki/csr.ts';
import { readPublicKeyInfo } from '../../pki/key-type.ts';
import type { PodCertificateRequest } from './request.ts';
import { type Denial, deny, type Wait, wait } from './verdict.ts';

/** A key that its asker holds: SubjectPublicKeyInfo, DER. */
export interface RequestedKey {
  readonly does: 'go on';
  readonly spki: Uint8Array;
}

/** The keys that a volume may ask for and we certify. */
const GOOD_KEYS = 'ECDSAP256, ECDSAP384, RSA3072 or RSA4096';

/** Finds the key of a request. */
export function requestedKey(
  request: Pick<PodCertificateRequest, 'csr' | 'publicKey' | 'pod'>,
): RequestedKey | Denial | Wait {
  const { csr, publicKey, pod } = request;
  if (csr !== undefined)
    return proven(
      () => spkiOfCsr(csr),
      () => void readCsr(csr),
    );
  if (publicKey !== undefined) {
    const { spki, proof } = publicKey;
    return proven(
      () => spki,
      () => checkProof(spki, proof, pod.uid),
    );
  }
  return wait(
    'unreadable',
    'it has no stubPKCS10Request in the version of the API that is served; a kubelet of this version asks anew',
  );
}

/** First the kind of the key, which has a reason of its own, then the proof. */
function proven(keyOf: () => Uint8Array, check: () => void): RequestedKey | Denial {
  try {
    const spki = keyOf();
    try {
      readPublicKeyInfo(spki);
    } catch (thrown) {
      const why = String(asGatehouseError(thrown).details['reason']);
      return deny('UnsupportedKeyType', `${why}; let the volume's keyType be ${GOOD_KEYS}`);
    }
    check();
    return { does: 'go on', spki };
  } catch (thrown) {
    const { code, message } = asGatehouseError(thrown);
    if (code === 'internal') throw thrown;
    return deny('InvalidRequest', message);
  }
}

/**
 * Checks the signature over the pod's UID that came with a bare key: PSS with SHA-256 by an RSA key, SHA-256 in DER by one of a curve.
 *
 * @see k8s.io/api certificates/v1beta1, `proofOfPossession`
 */
function checkProof(spki: Uint8Array, proof: Uint8Array, podUid: string): void {
  const bytes = Buffer.from(podUid);
  const { family } = readPublicKeyInfo(spki);
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  const holds =
    family === 'rsa' ? verify('sha256', bytes, { key, ...padding }, proof) : verify('sha256', bytes, key, proof);
  if (!holds)
    throw new GatehouseError('csr_invalid', "proofOfPossession is no signature of the pod's UID by its pkixPublicKey");
}
