/**
 * Decodes HPACK's Huffman code (RFC 7541 §5.2, appendix B), four bits at a time.
 *
 * The code is canonical: symbols in the order of (length, value) take consecutive codes. So the lengths are the whole table.
 * @module
 */

/** Length of the code of every byte and of EOS (256), one base-36 digit each. */
const lengths = [
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu',
]
  .join('')
  .split('')
  .map((digit) => Number.parseInt(digit, 36));

const EOS = 256;
/** Bits of an entry of `steps`: next state (8), symbol (8), then the two flags. */
const HAS_SYMBOL = 1 << 16;
const MAY_END = 1 << 17;
const FAILS = 1 << 18;

/** The code as a binary tree: `children[2 * node + bit]` is an inner node, or `-1 - symbol`. Node 0 is the root. */
function tree(): Int16Array {
  const children = new Int16Array(512);
  const symbols = lengths.map((_, symbol) => symbol).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  let nodes = 1;
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    code <<= lengths[symbol]! - length;
    length = lengths[symbol]!;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit -= 1) {
      const at = 2 * node + ((code >>> bit) & 1);
      if (children[at] === 0) children[at] = nodes++;
      node = children[at]!;
    }
    children[2 * node + (code & 1)] = -1 - symbol;
    code += 1;
  }
  return children;
}

/** `steps[16 * state + nibble]`: what four more bits do. No code is shorter than five bits, so at most one symbol ends. */
function buildSteps(): Int32Array {
  const children = tree();
  const out = new Int32Array(256 * 16);
  const padding = new Set<number>();
  for (let node = 0, bits = 0; bits <= 7; bits += 1) {
    padding.add(node);
    node = children[2 * node + 1]!;
  }
  for (let state = 0; state < 256; state += 1) {
    for (let nibble = 0; nibble < 16; nibble += 1) out[16 * state + nibble] = step(children, state, nibble, padding);
  }
  return out;
}

function step(children: Int16Array, state: number, nibble: number, padding: ReadonlySet<number>): number {
  let node = state;
  let symbol = 0;
  for (let bit = 3; bit >= 0; bit -= 1) {
    const next = children[2 * node + ((nibble >>> bit) & 1)]!;
    if (next >= 0) {
      node = next;
      continue;
    }
    if (-1 - next === EOS) return FAILS;
    symbol = HAS_SYMBOL | ((-1 - next) << 8);
    node = 0;
  }
  return node | symbol | (padding.has(node) ? MAY_END : 0);
}

const steps = buildSteps();

/**
 * Decodes `bytes[start, end)` into `out` from its beginning.
 *
 * @param out  at least 8/5 of the input long
 * @returns the number of bytes written, or -1 when the code is not valid: EOS inside, or padding that is longer than seven
 * bits or not all ones
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let entry = MAY_END;
  let written = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    entry = steps[((entry & 0xff) << 4) | (byte >>> 4)]!;
    if (entry & HAS_SYMBOL) out[written++] = entry >>> 8;
    if (entry & FAILS) return -1;
    entry = steps[((entry & 0xff) << 4) | (byte & 15)]!;
    if (entry & HAS_SYMBOL) out[written++] = entry >>> 8;
    if (entry & FAILS) return -1;
  }
  return entry & MAY_END ? written : -1;
}
