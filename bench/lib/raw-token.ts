/**
 * A PKCS#11 token called directly: what there is below everything of ours. C_SignInit and C_Sign, one after the other on this thread.
 * @module
 */
import koffi from 'koffi';
import { CKA, CKF, CKM, CKO } from '../../src/platform/pkcs11/constants.ts';
import type { Handle } from '../../src/platform/pkcs11/cryptoki.ts';
import { loadModule } from '../../src/platform/pkcs11/load-module.ts';

/** Logs in, finds the key, and answers what signs 32 bytes once. */
export function rawSigner(module: string, pin: string, keyId: string): () => void {
  const { session, key } = open(module, pin, keyId);
  const library = koffi.load(module);
  const signInit = library.func('unsigned long C_SignInit(unsigned long, void *, unsigned long)');
  const sign = library.func('unsigned long C_Sign(unsigned long, void *, unsigned long, void *, void *)');
  const start = koffi.alloc('uint8_t', 1_024);
  const view = Buffer.from(koffi.view(start, 1_024));
  const [mechanism, input, output, length] = [start, start + 64n, start + 256n, start + 512n];
  view.writeBigUInt64LE(BigInt(CKM.ECDSA), 0);
  view.fill(7, 64, 96);
  return () => {
    view.writeBigUInt64LE(256n, 512);
    const returned = signInit(session, mechanism, key) || sign(session, input, 32, output, length);
    if (returned !== 0) throw new Error(`the token returned ${returned}`);
  };
}

function open(module: string, pin: string, keyId: string): { readonly session: Handle; readonly key: Handle } {
  const cryptoki = loadModule(module);
  cryptoki.initialize();
  const slot = cryptoki.slots().find((each) => (cryptoki.tokenInfo(each).flags & CKF.TOKEN_INITIALIZED) !== 0)!;
  const session = cryptoki.openSession(slot);
  cryptoki.login(session, Buffer.from(pin));
  const [key] = cryptoki.find(session, [
    [CKA.CLASS, CKO.PRIVATE_KEY],
    [CKA.ID, Buffer.from(keyId, 'hex')],
  ]);
  return { session, key: key! };
}
