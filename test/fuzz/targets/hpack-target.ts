/**
 * Fuzzes the HPACK decoder over the blocks of one connection.
 *
 * An input is blocks one after the other, each behind its length in two bytes.
 * @module
 */
import assert from 'node:assert/strict';
import { HpackDecoder } from '../../../src/transport/lane/hpack/decoder.ts';
import { encodeBlock } from '../../../src/transport/lane/hpack/encoder.ts';
import { mutateBytes } from '../mutate.ts';
import type { FuzzTarget } from '../target.ts';

const TABLE = 4_096;
const LONGEST = 32_768;
/** A reference to a table entry of TABLE bytes is one byte: that is the most that a byte can become. */
const MOST_PER_BYTE = TABLE;

/** Blocks of an input, whatever it is. */
function blocksOf(input: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at + 2 <= input.length; ) {
    const length = Math.min(input.readUInt16BE(at), LONGEST);
    out.push(input.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return out;
}

function withLengths(blocks: readonly Buffer[]): Buffer {
  return Buffer.concat(blocks.flatMap((block) => [Buffer.from([block.length >> 8, block.length]), block]));
}

/** Decodes the block with bytes around it, or by itself: no byte outside may matter. */
function decode(decoder: HpackDecoder, block: Buffer, around: Buffer): string[] | undefined {
  const fields: string[] = [];
  const bytes = Buffer.concat([around, block, around]);
  let size = 0;
  const sink = {
    field: (name: string, value: string) => {
      size += name.length + value.length;
      if (size < 100_000) fields.push(name, value);
    },
  };
  const sound = decoder.decode(bytes, around.length, around.length + block.length, sink);
  assert.ok(size <= block.length * MOST_PER_BYTE, `${block.length} bytes became ${size}`);
  return sound ? fields : undefined;
}

function tableBytes({ table }: HpackDecoder): number {
  let size = 0;
  for (let index = 0; index < table.length; index += 1)
    size += table.name(index).length + table.value(index).length + 32;
  return size;
}

const seeds = [
  [Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex'), Buffer.from('828684be5886a8eb10649cbf', 'hex')],
  [Buffer.from('400a637573746f6d2d6b65790d637573746f6d2d686561646572', 'hex'), Buffer.from('be', 'hex')],
  [Buffer.from('20820f2b3f', 'hex'), Buffer.from('3fe11f82', 'hex'), Buffer.from('2082', 'hex')],
  [
    encodeBlock([
      ['grpc-timeout', '5S'],
      [':status', '200'],
      ['x', 'y'.repeat(200)],
    ]),
  ],
];

export const hpackTarget: FuzzTarget = {
  name: 'hpack',
  seeds: () => seeds.map(withLengths),
  mutate(input, other, random) {
    const blocks = blocksOf(input).map((block) => (random.once(3) ? mutateBytes(block, other, random) : block));
    const others = blocksOf(other);
    if (others.length > 0 && random.once(4)) blocks.splice(random.below(blocks.length + 1), 0, random.pick(others));
    if (blocks.length > 1 && random.once(6)) blocks.splice(random.below(blocks.length), 1);
    return random.once(8) ? mutateBytes(input, other, random) : withLengths(blocks);
  },
  run(input) {
    const [inPlace, alone] = [new HpackDecoder(TABLE, LONGEST), new HpackDecoder(TABLE, LONGEST)];
    for (const block of blocksOf(input)) {
      const fields = decode(alone, block, Buffer.alloc(0));
      assert.deepEqual(decode(inPlace, block, Buffer.from([0xff, 0x82, 0x00, 0x7f])), fields);
      assert.ok(tableBytes(alone) <= TABLE, 'the table outgrew its limit');
      if (fields === undefined) return;
    }
  },
};
