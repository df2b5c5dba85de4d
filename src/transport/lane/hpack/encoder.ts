/**
 * Encodes the few header blocks that the lane sends. It uses no dynamic table and no Huffman code: the blocks are made once, or
 * are short, and plain literals are the cheapest to read for the other side.
 * @module
 */
import { staticNames, staticValues } from './static-table.ts';

/** A field that may change between calls or must never be kept in a table of the peer. */
type Field = readonly [name: string, value: string];

/** The header block of `fields`: an indexed field where the static table has it, else a literal that is not indexed. */
export function encodeBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => encodeField(name, value)));
}

function encodeField(name: string, value: string): Buffer {
  const whole = staticNames.findIndex(
    (known, index) => known === name && staticValues[index] === value && value !== '',
  );
  if (whole > 0) return Buffer.from([0x80 | whole]);
  const known = staticNames.indexOf(name);
  const head = known > 0 ? integer(0, 4, known) : Buffer.concat([Buffer.from([0]), literal(name)]);
  return Buffer.concat([head, literal(value)]);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([integer(0, 7, bytes.length), bytes]);
}

/** RFC 7541 §5.1: `value` behind the bits of `first` that the prefix leaves. */
function integer(first: number, prefix: number, value: number): Buffer {
  const mask = (1 << prefix) - 1;
  if (value < mask) return Buffer.from([first | value]);
  const out = [first | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
  return Buffer.from(out);
}
