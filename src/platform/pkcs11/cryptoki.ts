/**
 * The calls of a PKCS#11 module that are used here: each is one C function, or two that always go together, and nothing is decided.
 * @module
 */
import { nameOfReturn } from './constants.ts';

/** A handle or an id as the module gives it. */
export type Handle = bigint;

/** Values of attributes: bytes, a truth, or a number. */
export type Template = readonly (readonly [type: number, value: Uint8Array | boolean | number])[];

/** What a token says of itself (CK_TOKEN_INFO). */
export interface TokenInfo {
  /** Without the blanks that fill it up. */
  readonly label: string;
  readonly serial: string;
  readonly flags: number;
  /** Bytes of a PIN. */
  readonly minPinBytes: number;
  readonly maxPinBytes: number;
}

/** A module that is loaded; every call throws `CryptokiError`. */
export interface Cryptoki {
  /** C_Initialize, for several threads. */
  initialize(): void;
  /** C_GetSlotList: the slots that have a token now. */
  slots(): readonly Handle[];
  tokenInfo(slot: Handle): TokenInfo;
  /** C_OpenSession, read and write. */
  openSession(slot: Handle): Handle;
  /** C_Login of the user. */
  login(session: Handle, pin: Uint8Array): void;
  /** C_GetSessionInfo: throws once the session has ended. */
  checkSession(session: Handle): void;
  /** C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal: all of them. */
  find(session: Handle, template: Template): readonly Handle[];
  /** C_GetAttributeValue, one after the other. */
  attributes(session: Handle, object: Handle, types: readonly number[]): readonly Buffer[];
  setAttributes(session: Handle, object: Handle, template: Template): void;
  generateKeyPair(
    session: Handle,
    mechanism: number,
    publicTemplate: Template,
    privateTemplate: Template,
  ): Promise<{ readonly publicKey: Handle; readonly privateKey: Handle }>;
  destroy(session: Handle, object: Handle): void;
  /** C_SignInit and C_Sign, on a thread of their own where that takes long; a session does one at a time. */
  sign(session: Handle, mechanism: number, key: Handle, input: Uint8Array): Promise<Buffer>;
}

/** A call of the module that did not return CKR_OK. */
export class CryptokiError extends Error {
  override readonly name = 'CryptokiError';
  /** What it returned. */
  readonly returned: number;

  constructor(call: string, returned: number) {
    super(`${call}: ${nameOfReturn(returned)}`);
    this.returned = returned;
  }
}
