/**
 * A token that is open: keys are made, found, used and destroyed on it.
 *
 * A key is a private and a public object of one CKA_ID, which is its name here. Private objects cannot be extracted.
 * @module
 */
import { CKA, CKF, CKM, CKO, CKR } from './constants.ts';
import { type Cryptoki, CryptokiError, type Handle, type Template } from './cryptoki.ts';
import { findToken, logIn } from './log-in.ts';
import { curves, ecPublicKey, rsaPublicKey } from './public-key.ts';
import { TokenFault } from './token-fault.ts';

/** What keys there can be. */
export type TokenKeyType = keyof typeof curves | 'rsa-2048';

export interface OpenTokenOrder {
  readonly tokenLabel: string;
  readonly pin: Uint8Array;
  /** CKA_LABEL of all keys that are ours. */
  readonly keyLabel: string;
  /** How many signatures are made at the same time. */
  readonly signers: number;
}

/** A token, logged in. Everything throws `TokenFault`, or `CryptokiError` once it is lost. */
export interface OpenToken {
  readonly serial: string;
  /** Makes a key of that name; answers its SubjectPublicKeyInfo. */
  generate(keyType: TokenKeyType, name: string): Promise<Buffer>;
  /** Gives a key another name; answers whether the token lets that be done. */
  rename(from: string, to: string): boolean;
  /** Signs what stands for a hash (`signatureOf` of token-signature.ts) with the first key that is found by one of the names. */
  sign(names: readonly string[], mechanism: 'ecdsa' | 'rsa', input: Uint8Array): Promise<Buffer>;
  /** Destroys all objects of those names, private ones first; answers how many there were. */
  destroy(names: readonly string[]): number;
  /** The names of all private keys that carry our label. */
  names(): readonly string[];
  /** Asks whether it is still there, without a signature. */
  check(): void;
}

/** Initializes the module, finds the token and logs in. @throws TokenFault `setup`, `pin`, and CryptokiError */
export function openToken(cryptoki: Cryptoki, order: OpenTokenOrder): OpenToken {
  cryptoki.initialize();
  const found = findToken(cryptoki, order.tokenLabel);
  const session = cryptoki.openSession(found.slot);
  if ((found.info.flags & CKF.LOGIN_REQUIRED) !== 0) logIn(cryptoki, session, found, order.pin);
  const signers = createSigners(Array.from({ length: order.signers }, () => cryptoki.openSession(found.slot)));
  const label = Buffer.from(order.keyLabel);
  const objects = (objectClass: number, name: string): readonly Handle[] =>
    cryptoki.find(session, [
      [CKA.CLASS, objectClass],
      [CKA.ID, Buffer.from(name, 'hex')],
    ]);
  const check = (): void => {
    cryptoki.checkSession(session);
    cryptoki.tokenInfo(found.slot);
  };
  const handles = new Map<string, Handle>();
  const handleOf = (names: readonly string[]): Handle => {
    for (const name of names) {
      const handle = handles.get(name) ?? objects(CKO.PRIVATE_KEY, name)[0];
      if (handle === undefined) continue;
      handles.set(name, handle);
      return handle;
    }
    check(); // some find nothing while the token is away, and call that success
    throw new TokenFault('refused', `there is no key ${names[0]} on the token`);
  };
  const destroy = (names: readonly string[]): number => {
    let count = 0;
    for (const objectClass of [CKO.PRIVATE_KEY, CKO.PUBLIC_KEY]) {
      for (const name of names) {
        handles.delete(name);
        for (const handle of objects(objectClass, name)) {
          cryptoki.destroy(session, handle);
          count += 1;
        }
      }
    }
    if (count === 0) check();
    return count;
  };
  return {
    serial: found.info.serial,
    generate: (keyType, name) =>
      signers.use(async (own) => {
        const { mechanism, open, secret } = templatesOf(keyType, name, label);
        const keys = await cryptoki.generateKeyPair(own, mechanism, open, secret).catch((thrown: unknown) => {
          throw asRefusal(thrown, keyType);
        });
        try {
          checkSecret(cryptoki, session, keys.privateKey);
          return publicKeyOf(cryptoki, session, keys.publicKey, keyType);
        } catch (thrown) {
          destroy([name]);
          throw thrown;
        }
      }),
    rename(from, to) {
      try {
        for (const objectClass of [CKO.PRIVATE_KEY, CKO.PUBLIC_KEY])
          for (const handle of objects(objectClass, from))
            cryptoki.setAttributes(session, handle, [[CKA.ID, Buffer.from(to, 'hex')]]);
        handles.delete(from);
        return true;
      } catch (thrown) {
        if (thrown instanceof CryptokiError && keepsNames.has(thrown.returned)) return false;
        throw thrown;
      }
    },
    sign: (names, mechanism, input) =>
      signers.use((own) =>
        cryptoki.sign(own, mechanism === 'ecdsa' ? CKM.ECDSA : CKM.RSA_PKCS, handleOf(names), input),
      ),
    destroy,
    names: () =>
      cryptoki
        .find(session, [
          [CKA.CLASS, CKO.PRIVATE_KEY],
          [CKA.LABEL, label],
        ])
        .map((handle) => cryptoki.attributes(session, handle, [CKA.ID])[0]?.toString('hex') ?? ''),
    check,
  };
}

/** A token that lets nobody change the id of an object. */
const keepsNames: ReadonlySet<number> = new Set([
  CKR.ATTRIBUTE_READ_ONLY,
  CKR.ACTION_PROHIBITED,
  CKR.FUNCTION_NOT_SUPPORTED,
]);

function asRefusal(thrown: unknown, keyType: TokenKeyType): unknown {
  const isUnable =
    thrown instanceof CryptokiError &&
    (thrown.returned === CKR.MECHANISM_INVALID || thrown.returned === CKR.FUNCTION_NOT_SUPPORTED);
  return isUnable
    ? new TokenFault('refused', `the token makes no keys of type ${keyType} (${thrown.message})`, { cause: thrown })
    : thrown;
}

interface KeyTemplates {
  readonly mechanism: number;
  readonly open: Template;
  readonly secret: Template;
}

function templatesOf(keyType: TokenKeyType, name: string, label: Uint8Array): KeyTemplates {
  const both: Template = [
    [CKA.TOKEN, true],
    [CKA.ID, Buffer.from(name, 'hex')],
    [CKA.LABEL, label],
  ];
  const secret: Template = [
    ...both,
    [CKA.PRIVATE, true],
    [CKA.SENSITIVE, true],
    [CKA.EXTRACTABLE, false],
    [CKA.SIGN, true],
    [CKA.DECRYPT, false],
    [CKA.UNWRAP, false],
  ];
  const open: Template = [...both, [CKA.VERIFY, true]];
  if (keyType !== 'rsa-2048') {
    return {
      mechanism: CKM.EC_KEY_PAIR_GEN,
      open: [...open, [CKA.EC_PARAMS, curves[keyType].params]],
      secret: [...secret, [CKA.DERIVE, false]],
    };
  }
  return {
    mechanism: CKM.RSA_PKCS_KEY_PAIR_GEN,
    open: [...open, [CKA.MODULUS_BITS, 2048], [CKA.PUBLIC_EXPONENT, Uint8Array.of(1, 0, 1)]],
    secret,
  };
}

/** A key that could be copied is none that nobody can copy. */
function checkSecret(cryptoki: Cryptoki, session: Handle, key: Handle): void {
  const [sensitive, extractable] = cryptoki.attributes(session, key, [CKA.SENSITIVE, CKA.EXTRACTABLE]);
  if (sensitive?.[0] === 1 && extractable?.[0] === 0) return;
  throw new TokenFault('refused', 'the token made a key that can be extracted, though it was told not to');
}

function publicKeyOf(cryptoki: Cryptoki, session: Handle, key: Handle, keyType: TokenKeyType): Buffer {
  if (keyType !== 'rsa-2048') {
    const [point] = cryptoki.attributes(session, key, [CKA.EC_POINT]);
    return ecPublicKey(curves[keyType], point!); // one value for each that was asked for
  }
  const [modulus, exponent] = cryptoki.attributes(session, key, [CKA.MODULUS, CKA.PUBLIC_EXPONENT]);
  return rsaPublicKey(modulus!, exponent!);
}

/** Sessions, each of which does one thing at a time. */
function createSigners(sessions: Handle[]) {
  const waiting: ((session: Handle) => void)[] = [];
  const take = async (): Promise<Handle> =>
    sessions.pop() ?? new Promise<Handle>((resolve) => void waiting.push(resolve));
  const giveBack = (session: Handle): void => {
    const next = waiting.shift();
    if (next === undefined) sessions.push(session);
    else next(session);
  };
  return {
    async use<T>(work: (session: Handle) => Promise<T>): Promise<T> {
      const session = await take();
      try {
        return await work(session);
      } finally {
        giveBack(session);
      }
    },
  };
}
