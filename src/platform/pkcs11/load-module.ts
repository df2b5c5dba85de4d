/**
 * Loads a PKCS#11 module into this process: its functions, with their arguments laid out as C wants them. 64-bit Linux only.
 * @module
 */
import { promisify } from 'node:util';
import koffi from 'koffi';
import { GatehouseError } from '../../errors.ts';
import { CKR } from './constants.ts';
import { type Cryptoki, CryptokiError, type Handle, type TokenInfo } from './cryptoki.ts';
import { createMemory, type Memory, wordAt } from './memory.ts';

const [BYTE, WORD, POINTER] = ['uint8_t', 'unsigned long', 'void *'] as const;

/** Where each function stands in CK_FUNCTION_LIST (PKCS#11 2.40, §3.6), and what it takes; all return a CK_RV. */
const functions = {
  C_Initialize: [0, POINTER],
  C_GetSlotList: [4, BYTE, POINTER, POINTER],
  C_GetTokenInfo: [6, WORD, POINTER],
  C_OpenSession: [12, WORD, WORD, POINTER, POINTER, POINTER],
  C_GetSessionInfo: [15, WORD, POINTER],
  C_Login: [18, WORD, WORD, POINTER, WORD],
  C_DestroyObject: [22, WORD, WORD],
  C_GetAttributeValue: [24, WORD, WORD, POINTER, WORD],
  C_SetAttributeValue: [25, WORD, WORD, POINTER, WORD],
  C_FindObjectsInit: [26, WORD, POINTER, WORD],
  C_FindObjects: [27, WORD, POINTER, WORD, POINTER],
  C_FindObjectsFinal: [28, WORD],
  C_SignInit: [42, WORD, POINTER, WORD],
  C_Sign: [43, WORD, POINTER, WORD, POINTER, POINTER],
  C_GenerateKeyPair: [59, WORD, POINTER, POINTER, WORD, POINTER, WORD, POINTER, POINTER],
} as const;

type Name = keyof typeof functions;
type Argument = bigint | number | null;
interface CFunction {
  (...values: readonly Argument[]): number;
  async(...values: readonly unknown[]): void;
}

const MEMORY_BYTES = 32 * 1024;
const SESSION_BYTES = 8 * 1024;
const MOST_SLOTS = 512;
const FOUND_AT_ONCE = 64;
const MOST_VALUE_BYTES = 4_096;
/** A signature of RSA 4096 has 512. */
const MOST_SIGNATURE_BYTES = 1_024;
const TOKEN_INFO_BYTES = 256;
/** To hand a call to another thread costs as much as a signature of a token in software, and nothing of one in the network. */
const SHORT_MS = 1;
const OS_LOCKING = 2;
const SERIAL_AND_RW = 6;
const USER = 1;

/** Loads it. @throws GatehouseError `key_invalid` where the file is no PKCS#11 module that this process can load */
export function loadModule(file: string): Cryptoki {
  const call = functionsOf(file);
  const memory = createMemory(MEMORY_BYTES);
  /** How long a signature took of late. */
  let signMs = 0;
  const perSession = new Map<Handle, Memory>();
  const memoryOf = (session: Handle): Memory => {
    const known = perSession.get(session) ?? createMemory(SESSION_BYTES);
    perSession.set(session, known);
    known.reset();
    return known;
  };
  const fresh = (): Memory => {
    memory.reset();
    return memory;
  };
  const must = (name: Name, returned: number, ...fine: readonly number[]): void => {
    if (returned !== CKR.OK && !fine.includes(returned)) throw new CryptokiError(name, returned);
  };
  return {
    initialize() {
      const args = fresh().takeWords(0, 0, 0, 0, OS_LOCKING, 0); // CK_C_INITIALIZE_ARGS
      must('C_Initialize', call.C_Initialize(args.pointer), CKR.CRYPTOKI_ALREADY_INITIALIZED);
    },
    slots() {
      const into = fresh();
      const count = into.takeWords(MOST_SLOTS);
      const list = into.take(8 * MOST_SLOTS);
      must('C_GetSlotList', call.C_GetSlotList(1, list.pointer, count.pointer));
      return Array.from({ length: Number(wordAt(count.view, 0)) }, (_, i) => wordAt(list.view, i));
    },
    tokenInfo(slot) {
      const info = fresh().take(TOKEN_INFO_BYTES);
      must('C_GetTokenInfo', call.C_GetTokenInfo(slot, info.pointer));
      return tokenInfoOf(info.view);
    },
    openSession(slot) {
      const session = fresh().takeWords(0);
      must('C_OpenSession', call.C_OpenSession(slot, SERIAL_AND_RW, null, null, session.pointer));
      return wordAt(session.view, 0);
    },
    login(session, pin) {
      const place = fresh().take(pin.length);
      place.view.set(pin);
      const returned = call.C_Login(session, USER, place.pointer, pin.length);
      memory.reset();
      must('C_Login', returned, CKR.USER_ALREADY_LOGGED_IN);
    },
    checkSession: (session) => must('C_GetSessionInfo', call.C_GetSessionInfo(session, fresh().take(64).pointer)),
    find(session, template) {
      const into = fresh();
      const { pointer, count } = into.takeTemplate(template);
      must('C_FindObjectsInit', call.C_FindObjectsInit(session, pointer, count));
      const list = into.take(8 * FOUND_AT_ONCE);
      const found = into.takeWords(0);
      const all: Handle[] = [];
      try {
        for (;;) {
          must('C_FindObjects', call.C_FindObjects(session, list.pointer, FOUND_AT_ONCE, found.pointer));
          const length = Number(wordAt(found.view, 0));
          for (let i = 0; i < length; i += 1) all.push(wordAt(list.view, i));
          if (length < FOUND_AT_ONCE) return all;
        }
      } finally {
        call.C_FindObjectsFinal(session);
      }
    },
    attributes: (session, object, types) =>
      types.map((type) => {
        const into = fresh();
        const value = into.take(MOST_VALUE_BYTES);
        const attribute = into.takeWords(type, value.pointer, MOST_VALUE_BYTES);
        must('C_GetAttributeValue', call.C_GetAttributeValue(session, object, attribute.pointer, 1));
        return Buffer.from(value.view.subarray(0, Number(wordAt(attribute.view, 2))));
      }),
    setAttributes(session, object, template) {
      const { pointer, count } = fresh().takeTemplate(template);
      must('C_SetAttributeValue', call.C_SetAttributeValue(session, object, pointer, count));
    },
    async generateKeyPair(session, mechanism, publicTemplate, privateTemplate) {
      const into = memoryOf(session);
      const how = into.takeWords(mechanism, 0, 0);
      const [open, secret] = [into.takeTemplate(publicTemplate), into.takeTemplate(privateTemplate)];
      const keys = into.takeWords(0, 0);
      const returned = await inThread(call.C_GenerateKeyPair, [
        ...[session, how.pointer, open.pointer, open.count, secret.pointer, secret.count],
        ...[keys.pointer, keys.pointer + 8n],
      ]);
      must('C_GenerateKeyPair', returned);
      return { publicKey: wordAt(keys.view, 0), privateKey: wordAt(keys.view, 1) };
    },
    destroy: (session, object) => must('C_DestroyObject', call.C_DestroyObject(session, object)),
    async sign(session, mechanism, key, input) {
      const into = memoryOf(session);
      const how = into.takeWords(mechanism, 0, 0);
      must('C_SignInit', call.C_SignInit(session, how.pointer, key));
      const given = into.take(input.length);
      given.view.set(input);
      const signature = into.take(MOST_SIGNATURE_BYTES);
      const length = into.takeWords(MOST_SIGNATURE_BYTES);
      const values = [session, given.pointer, input.length, signature.pointer, length.pointer];
      const startedAt = performance.now();
      const returned = signMs < SHORT_MS ? call.C_Sign(...values) : await inThread(call.C_Sign, values);
      signMs += (performance.now() - startedAt - signMs) / 8;
      must('C_Sign', returned);
      return Buffer.from(signature.view.subarray(0, Number(wordAt(length.view, 0))));
    },
  };
}

/** A library that nobody holds is unloaded by the collector, under the functions that were found in it. */
const loaded: unknown[] = [];

/** On a thread of Node's pool, so that sessions work at the same time. */
const inThread = (of: CFunction, values: readonly Argument[]): Promise<number> =>
  promisify<number>((done) => of.async(...values, done))();

function functionsOf(file: string): Readonly<Record<Name, CFunction>> {
  try {
    const library = koffi.load(file);
    loaded.push(library);
    const place = koffi.alloc('uint64_t', 1);
    const returned: number = library.func('unsigned long C_GetFunctionList(void *)')(place);
    if (returned !== CKR.OK) throw new CryptokiError('C_GetFunctionList', returned);
    const list = BigInt(koffi.decode(place, 'uint64_t'));
    const entries = Object.entries(functions).map(([name, [index, ...takes]]) => {
      // Behind CK_VERSION, which takes a word, one pointer a function.
      const pointer = BigInt(koffi.decode(list, 8 * (index + 1), 'uint64_t'));
      return [name, koffi.decode(pointer, koffi.proto(WORD, takes))] as const;
    });
    return Object.fromEntries(entries) as Record<Name, CFunction>; // of its own keys
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GatehouseError(
      'key_invalid',
      `the PKCS#11 module ${file} cannot be loaded: ${reason}`,
      { file },
      { cause: thrown },
    );
  }
}

/** CK_TOKEN_INFO: texts filled up with blanks, then flags, and counts of which the least and the most length of a PIN are the 5th and 6th. */
function tokenInfoOf(info: Buffer): TokenInfo {
  const text = (from: number, bytes: number): string =>
    info
      .subarray(from, from + bytes)
      .toString('utf8')
      .replace(/[ \0]+$/, '');
  const word = (at: number): number => Number(info.readBigUInt64LE(at));
  return { label: text(0, 32), serial: text(80, 16), flags: word(96), maxPinBytes: word(136), minPinBytes: word(144) };
}
