/**
 * Serial numbers of what the authority signs.
 * @module
 */
import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4096;
const TIME_BYTES = 6;
const RANDOM_BYTES = 10;
/** The two highest bits are 01: what is left holds milliseconds until the year 4199. */
const TIME_END = 2 ** 46;
let pool = Buffer.alloc(0);

/**
 * A serial number of 16 bytes: when it was drawn (6 bytes), and 80 random bits, where 64 are asked for (RFC 5280 §4.1.2.2, CA/B
 * §7.1). Beginning with time, serials drawn together lie together in the ledger's index; a certificate tells its age anyway.
 * The second-highest bit is set, so it is positive and has no leading zero byte. Randomness is drawn 4 KiB at a time: one by
 * one it would cost a tenth of a signature.
 */
export function randomSerial(atMs: number): Buffer {
  if (pool.length < RANDOM_BYTES) pool = randomBytes(POOL_BYTES);
  const serial = Buffer.allocUnsafe(TIME_BYTES + RANDOM_BYTES);
  serial.writeUIntBE(Math.max(0, Math.floor(atMs)) % TIME_END, 0, TIME_BYTES);
  serial[0] = (serial[0] ?? 0) | 0x40;
  serial.set(pool.subarray(0, RANDOM_BYTES), TIME_BYTES);
  pool = pool.subarray(RANDOM_BYTES);
  return serial;
}

const OURS = new RegExp(`^[4-7][0-9a-f]{${2 * (TIME_BYTES + RANDOM_BYTES) - 1}}$`);

/** How far before its signing something may begin: `authority.backdate` at most, and the rest of a second. */
const MOST_BACKDATE_MS = 301_000;

/**
 * When something was signed, as its serial says, in milliseconds since 1970; undefined for a serial of others, or one whose time
 * does not go with its life. How far it is backdated may change with each start, and whoever holds it need not know.
 */
export function signedAtOf(
  serial: string,
  { notBeforeAt, notAfterAt }: { readonly notBeforeAt: number; readonly notAfterAt: number },
): number | undefined {
  if (!OURS.test(serial)) return undefined;
  const at = Number.parseInt(serial.slice(0, 2 * TIME_BYTES), 16) % TIME_END;
  return at >= notBeforeAt && at - notBeforeAt <= MOST_BACKDATE_MS && at < notAfterAt ? at : undefined;
}
