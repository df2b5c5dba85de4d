/**
 * The file of a token's PIN.
 * @module
 */
import { statSync } from 'node:fs';
import { GatehouseError } from '../../errors.ts';
import { readRegularFileSync } from '../../lib/regular-file.ts';

/** A PIN as its file has it now. */
export interface PinFile {
  readonly pin: Buffer;
  /** Another one once the file was written or replaced; says nothing of the PIN. */
  readonly version: string;
  /** A newline at its end was left out. */
  readonly endsInNewline: boolean;
}

const MOST_BYTES = 1_024;
/** Others may do nothing, and the group may only read: a mounted secret is handed to its reader so. */
const TOO_OPEN = 0o027;

/**
 * Reads it. One newline at the end, which editors and `echo` write, is no part of the PIN.
 *
 * @throws GatehouseError `key_invalid` where it cannot be read, is open to others, is empty, or has several lines
 */
export function readPinFile(file: string): PinFile {
  const refuse = (what: string, cause?: unknown): never => {
    throw new GatehouseError('key_invalid', `authority.keyStore.pkcs11.pinFile ${file} ${what}`, { file }, { cause });
  };
  try {
    const { mode, ino, mtimeNs, size } = statSync(file, { bigint: true });
    const bytes = readRegularFileSync(file, MOST_BYTES);
    if ((Number(mode) & TOO_OPEN) !== 0) refuse(`is open to others: chmod 600 ${file}, and change the PIN`);
    const end = /\r?\n$/.exec(bytes.toString('latin1'))?.[0].length ?? 0;
    const pin = bytes.subarray(0, bytes.length - end);
    if (pin.length === 0) refuse('is empty');
    if (pin.some((byte) => byte < 0x20)) refuse('has more than one line, or a byte that is no text');
    return { pin, version: `${file} ${ino} ${mtimeNs} ${size}`, endsInNewline: end > 0 };
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    return refuse(`cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
  }
}
