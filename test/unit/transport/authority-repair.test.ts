import assert from 'node:assert/strict';
import { createAuthorityRepair } from '../../../src/transport/authority-repair.ts';
import { HpackDecoder } from '../../../src/transport/lane/hpack/decoder.ts';
import { blocksOf } from '../../support/node-hpack.ts';
import { cutFrames, frame, preface, type RawFrame, settings, uint32 } from '../../support/raw-h2.ts';

const HEADERS = 1;
const CONTINUATION = 9;
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 0x20;

const call = (authority: string, more: Record<string, string> = {}) => ({
  ':method': 'POST',
  ':scheme': 'http',
  ':path': '/SpiffeWorkloadAPI/FetchX509SVID',
  ':authority': authority,
  'workload.spiffe.io': 'true',
  ...more,
});

/** What the server reads, for bytes that come in pieces of `size`. Undefined: the connection ends. */
function repaired(bytes: Buffer, size = bytes.length): Buffer | undefined {
  const repair = createAuthorityRepair();
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const pieces = repair.push(bytes.subarray(at, at + size));
    if (pieces === undefined) return undefined;
    out.push(...pieces);
  }
  return Buffer.concat(out);
}

function fieldsOf(frames: readonly RawFrame[]): [string, string][][] {
  const decoder = new HpackDecoder(4096, 65_536);
  return frames
    .filter(({ type }) => type === HEADERS)
    .map(({ payload }) => {
      const fields: [string, string][] = [];
      assert.ok(decoder.decode(payload, 0, payload.length, { field: (name, value) => fields.push([name, value]) }));
      return fields;
    });
}

const framesAfterPreface = (bytes: Buffer): RawFrame[] => cutFrames(bytes.subarray(preface.length)).frames;

describe('createAuthorityRepair', () => {
  it('hands on byte for byte what needs no repair, however it is cut', async () => {
    const [one, two] = await blocksOf([call('localhost'), call('%2Frun%2Fw.sock', { 'x-more': 'ü' })]);
    const bytes = Buffer.concat([
      preface,
      settings([4, 65_535]),
      frame(HEADERS, END_HEADERS, 1, one),
      frame(0, END_STREAM, 1, Buffer.from('hello')),
      frame(HEADERS, END_HEADERS | END_STREAM, 3, two),
      frame(6, 0, 0, Buffer.alloc(8)),
    ]);
    for (const size of [1, 2, 7, 24, 33, bytes.length])
      assert.deepEqual(repaired(bytes, size), bytes, `cut by ${size}`);
  });

  it('replaces a path, and writes later blocks anew, which lean on a table that the server never had', async () => {
    const blocks = await blocksOf([call('/run/w.sock'), call('/run/w.sock'), call('fine', { 'x-more': 'kept' })]);
    const bytes = Buffer.concat([
      preface,
      settings(),
      ...blocks.map((block, i) => frame(HEADERS, END_HEADERS, 2 * i + 1, block)),
    ]);
    const whole = repaired(bytes);
    assert.ok(whole);
    const fields = fieldsOf(framesAfterPreface(whole));
    assert.deepEqual(
      fields.map((each) => each.find(([name]) => name === ':authority')?.[1]),
      ['localhost', 'localhost', 'fine'],
    );
    assert.deepEqual(fields[2]?.at(-1), ['x-more', 'kept']);
    assert.deepEqual(fields[0]?.filter(([name]) => name !== ':authority').length, 4);
    for (const size of [1, 5, 31]) assert.deepEqual(repaired(bytes, size), whole, `cut by ${size}`);
  });

  const shapes: readonly { name: string; frames: (block: Buffer) => Buffer[] }[] = [
    { name: 'in one frame', frames: (block) => [frame(HEADERS, END_HEADERS | END_STREAM, 1, block)] },
    {
      name: 'with priority and padding',
      frames: (block) => [
        frame(
          HEADERS,
          END_HEADERS | END_STREAM | PADDED | PRIORITY,
          1,
          Buffer.concat([Buffer.from([3]), uint32(0), Buffer.from([15]), block, Buffer.alloc(3)]),
        ),
      ],
    },
    {
      name: 'continued',
      frames: (block) => [
        frame(HEADERS, END_STREAM, 1, block.subarray(0, 4)),
        frame(CONTINUATION, 0, 1, block.subarray(4, 9)),
        frame(CONTINUATION, END_HEADERS, 1, block.subarray(9)),
      ],
    },
  ];
  for (const { name, frames } of shapes) {
    it(`reads a block ${name}`, async () => {
      const [block] = await blocksOf([call('/run/w.sock')]);
      assert.ok(block);
      const out = framesAfterPreface(repaired(Buffer.concat([preface, ...frames(block)])) ?? Buffer.alloc(0));
      assert.equal(out.length, 1);
      assert.equal(out[0]?.flags, END_HEADERS | END_STREAM);
      assert.deepEqual(fieldsOf(out)[0]?.[3], [':authority', 'localhost']);
    });
  }

  it('continues a block that is longer than a frame once it is written anew', async () => {
    const [block] = await blocksOf([call('/run/w.sock', { 'x-long': '0'.repeat(40_000) })]);
    assert.ok(block && block.length < 40_000, 'Huffman code makes it shorter');
    const parts = [0, 1, 2].map((i) =>
      frame(
        i === 0 ? HEADERS : CONTINUATION,
        i === 2 ? END_HEADERS : 0,
        1,
        block.subarray(i * 16_000, (i + 1) * 16_000),
      ),
    );
    const out = framesAfterPreface(repaired(Buffer.concat([preface, ...parts])) ?? Buffer.alloc(0));
    assert.deepEqual(
      out.map(({ type, flags, payload }) => [type, flags, payload.length <= 16_384]),
      [
        [HEADERS, 0, true],
        [CONTINUATION, 0, true],
        [CONTINUATION, END_HEADERS, true],
      ],
    );
  });

  const broken: readonly { name: string; bytes: readonly Buffer[] }[] = [
    { name: 'another preface', bytes: [Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')] },
    { name: 'a frame over 16,384 bytes', bytes: [preface, frame(0, 0, 1, Buffer.alloc(16_385))] },
    {
      name: 'more padding than payload',
      bytes: [preface, frame(HEADERS, END_HEADERS | PADDED, 1, Buffer.from([9, 0x83]))],
    },
    { name: 'what is not HPACK', bytes: [preface, frame(HEADERS, END_HEADERS, 1, Buffer.from([0xff, 0xff, 0xff]))] },
    {
      name: 'another frame inside a block',
      bytes: [preface, frame(HEADERS, 0, 1, Buffer.from([0x83])), frame(6, 0, 0, Buffer.alloc(8))],
    },
    {
      name: 'a continuation of another stream',
      bytes: [preface, frame(HEADERS, 0, 1, Buffer.from([0x83])), frame(CONTINUATION, 4, 3, Buffer.from([0x83]))],
    },
    {
      name: 'a flood of continuations',
      bytes: [preface, frame(HEADERS, 0, 1), ...Array.from({ length: 20 }, () => frame(CONTINUATION, 0, 1))],
    },
    {
      name: 'a block without end',
      bytes: [
        preface,
        frame(HEADERS, 0, 1),
        ...Array.from({ length: 5 }, () => frame(CONTINUATION, 0, 1, Buffer.alloc(16_384))),
      ],
    },
  ];
  for (const { name, bytes } of broken) {
    it(`ends a connection that sends ${name}`, () => {
      assert.equal(repaired(Buffer.concat(bytes)), undefined);
    });
  }
});
