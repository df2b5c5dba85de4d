/**
 * Tokens in memory, behind the same calls as a PKCS#11 module: they can go, come back, and answer as bad ones do.
 * @module
 */
import { createECDH, generateKeyPairSync, type KeyObject, privateEncrypt, randomBytes } from 'node:crypto';
import { CKA, CKF, CKM, CKO, CKR } from '../../src/platform/pkcs11/constants.ts';
import { type Cryptoki, CryptokiError, type Handle, type Template } from '../../src/platform/pkcs11/cryptoki.ts';

interface FakeObject {
  readonly attributes: Map<number, Buffer>;
  readonly key: KeyObject | undefined;
}

/** A token, whatever process uses it. */
export interface FakeToken {
  label: string;
  readonly serial: string;
  pin: string;
  /** How often a wrong PIN was given since the right one. */
  wrongPins: number;
  logins: number;
  isAway: boolean;
  /** Private keys come out as keys that can be copied, whatever was asked for. */
  isLeaky: boolean;
  /** The id of an object cannot be changed. */
  keepsIds: boolean;
  readonly objects: Map<Handle, FakeObject>;
}

const TRIES = 3;

/** Makes an initialized one. */
export function createFakeToken(label = 'gatehouse', pin = '1234'): FakeToken {
  return {
    ...{ label, pin, serial: randomBytes(4).toString('hex'), wrongPins: 0, logins: 0 },
    ...{ isAway: false, isLeaky: false, keepsIds: false, objects: new Map() },
  };
}

/** The private keys on it, by id. */
export const privateIds = ({ objects }: FakeToken): string[] =>
  [...objects.values()].flatMap(({ attributes, key }) => (key ? [attributes.get(CKA.ID)!.toString('hex')] : []));

let lastHandle = 0n;

/** A module with those tokens in slots, in that order. */
export function fakeCryptoki(tokens: readonly FakeToken[]): Cryptoki {
  const sessions = new Map<Handle, FakeToken>();
  const isLoggedIn = new Set<FakeToken>();
  const fail = (call: string, returned: number): never => {
    throw new CryptokiError(call, returned);
  };
  const inSlot = (call: string, slot: Handle): FakeToken => {
    const token = tokens[Number(slot)];
    return token === undefined || token.isAway ? fail(call, 0xe0) : token;
  };
  const of = (call: string, session: Handle): FakeToken => {
    const token = sessions.get(session) ?? fail(call, 0xb3);
    if (token.isAway) fail(call, 0x32);
    return isLoggedIn.has(token) ? token : fail(call, 0x101);
  };
  const add = (token: FakeToken, template: Template, more: Template, key?: KeyObject): Handle => {
    lastHandle += 1n;
    const attributes = new Map([...template, ...more].map(([type, value]) => [type, bytesOf(value)] as const));
    token.objects.set(lastHandle, { attributes, key });
    return lastHandle;
  };
  return {
    initialize: () => undefined,
    slots: () => tokens.flatMap((token, i) => (token.isAway ? [] : [BigInt(i)])),
    tokenInfo(slot) {
      const { label, serial, wrongPins } = inSlot('C_GetTokenInfo', slot);
      const tries = wrongPins >= TRIES ? CKF.USER_PIN_LOCKED : wrongPins === TRIES - 1 ? CKF.USER_PIN_FINAL_TRY : 0;
      return {
        ...{ label, serial, minPinBytes: 4, maxPinBytes: 16 },
        flags: CKF.TOKEN_INITIALIZED | CKF.LOGIN_REQUIRED | tries,
      };
    },
    openSession(slot) {
      lastHandle += 1n;
      sessions.set(lastHandle, inSlot('C_OpenSession', slot));
      return lastHandle;
    },
    login(session, pin) {
      const token = sessions.get(session)!;
      token.logins += 1;
      if (token.wrongPins >= TRIES) fail('C_Login', CKR.PIN_LOCKED);
      if (Buffer.from(pin).toString() !== token.pin) {
        token.wrongPins += 1;
        fail('C_Login', CKR.PIN_INCORRECT);
      }
      token.wrongPins = 0;
      isLoggedIn.add(token);
    },
    checkSession: (session) => void of('C_GetSessionInfo', session),
    find(session, template) {
      // As SoftHSM: a token that is away is one with nothing on it.
      const token = sessions.get(session)!;
      if (token.isAway) return [];
      return [...token.objects].flatMap(([handle, { attributes }]) =>
        template.every(([type, value]) => attributes.get(type)?.equals(bytesOf(value)) === true) ? [handle] : [],
      );
    },
    attributes: (session, object, types) =>
      types.map((type) => of('C_GetAttributeValue', session).objects.get(object)!.attributes.get(type)!),
    setAttributes(session, object, template) {
      const token = of('C_SetAttributeValue', session);
      if (token.keepsIds) fail('C_SetAttributeValue', CKR.ATTRIBUTE_READ_ONLY);
      for (const [type, value] of template) token.objects.get(object)!.attributes.set(type, bytesOf(value));
    },
    async generateKeyPair(session, mechanism, publicTemplate, privateTemplate) {
      const token = of('C_GenerateKeyPair', session);
      const isRsa = mechanism === CKM.RSA_PKCS_KEY_PAIR_GEN;
      const { publicKey, privateKey } = isRsa
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      const jwk = publicKey.export({ format: 'jwk' });
      const part = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
      const shown: Template = isRsa
        ? [[CKA.MODULUS, part(jwk.n)]]
        : [[CKA.EC_POINT, Buffer.concat([Buffer.of(4, 65, 4), part(jwk.x), part(jwk.y)])]];
      return {
        publicKey: add(token, [[CKA.CLASS, CKO.PUBLIC_KEY], ...publicTemplate], shown),
        privateKey: add(
          token,
          [[CKA.CLASS, CKO.PRIVATE_KEY], ...privateTemplate],
          token.isLeaky ? [[CKA.EXTRACTABLE, true]] : [],
          privateKey,
        ),
      };
    },
    destroy: (session, object) => void of('C_DestroyObject', session).objects.delete(object),
    async sign(session, mechanism, key, input) {
      const { key: secret } = of('C_SignInit', session).objects.get(key) ?? fail('C_SignInit', 0x82);
      return mechanism === CKM.ECDSA ? rawEcdsa(secret!, input) : privateEncrypt(secret!, input);
    },
  };
}

function bytesOf(value: Uint8Array | boolean | number): Buffer {
  if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
  if (typeof value !== 'number') return Buffer.from(value);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** The order of P-256 (SP 800-186). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** CKM_ECDSA of P-256: signs a hash, which Node itself does not (FIPS 186-5 §6.4.1). */
function rawEcdsa(key: KeyObject, hash: Uint8Array): Buffer {
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  const half = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
  const point = createECDH('prime256v1');
  point.generateKeys();
  const d = number(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const r = number(point.getPublicKey().subarray(1, 33)) % N;
  const s = (inverse(number(point.getPrivateKey())) * (number(hash) + r * d)) % N;
  return Buffer.concat([half(r), half(s)]);
}

/** By Fermat's little theorem. */
function inverse(value: bigint): bigint {
  let [result, base] = [1n, value];
  for (let exponent = N - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % N;
    base = (base * base) % N;
  }
  return result;
}
