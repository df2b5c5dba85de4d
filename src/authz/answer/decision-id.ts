/**
 * Ids of decisions: 11 characters that name the process's life, 11 that count.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { ID_LENGTH } from './respond.ts';

const DIGITS = Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_', 'latin1');
const EPOCH_LENGTH = 11;

const next = new Uint8Array(256);
for (let i = 0; i < DIGITS.length; i++) next[DIGITS[i]!] = DIGITS[(i + 1) % DIGITS.length]!;

/** The id of the decision at hand, as ASCII bytes; `advance` turns to the next one. */
export class DecisionIds {
  readonly bytes: Buffer;

  /** @param epoch  8 random bytes, others for every process */
  constructor(epoch: Uint8Array = randomBytes(8)) {
    this.bytes = Buffer.alloc(ID_LENGTH, DIGITS[0]);
    this.bytes.write(Buffer.from(epoch).toString('base64url').slice(0, EPOCH_LENGTH), 'latin1');
  }

  /** Counts one up, in place. */
  advance(): void {
    for (let i = ID_LENGTH - 1; i >= EPOCH_LENGTH; i--) {
      this.bytes[i] = next[this.bytes[i]!]!;
      if (this.bytes[i] !== DIGITS[0]) return;
    }
  }

  toString(): string {
    return this.bytes.toString('latin1');
  }
}
