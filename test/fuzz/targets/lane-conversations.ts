/**
 * What clients say to a lane, to begin with, and how to change it frame by frame.
 * @module
 */
import { deflateSync, gzipSync } from 'node:zlib';
import { cutFrames, frame, grpcMessage, literal, preface, settings, uint32 } from '../../support/raw-h2.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';

/** With an authority: without one, nghttp2 takes it for no request. */
function callBlock(path: string, ...more: readonly (readonly [string, string])[]): Buffer {
  const fields = [[':authority', 'a'], [':path', path], ['content-type', 'application/grpc'], ...more] as const;
  return Buffer.concat([Buffer.from([0x83, 0x86]), ...fields.map(([name, value]) => literal(name, value))]);
}

function wholeCall(id: number, path: string, message: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([frame(1, 4, id, callBlock(path)), frame(0, 1, id, grpcMessage(message))]);
}

const echo = callBlock('/test.Test/Echo');
const some = Buffer.from('some message');
const padded = (payload: Buffer, padding: number): Buffer =>
  Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]);
const priority = Buffer.from([0, 0, 0, 0, 15]);
/** Blocks as a client with a dynamic table and Huffman code sends them: the first fills the table, the second refers to it. */
const indexing = Buffer.concat([
  Buffer.from([0x83, 0x86, 0x41, 0x01, 0x61, 0x44, 0x0f]),
  Buffer.from('/test.Test/Echo'),
  Buffer.from([0x5f, 0x10]),
  Buffer.from('application/grpc'),
]);
const referring = Buffer.from([0x83, 0x86, 0xc0, 0xbf, 0xbe]);

/** Puts another path into the table, so that `referring` means that one from now on. */
const shifting = Buffer.concat([
  Buffer.from([0x83, 0x86, 0x41, 0x01, 0x61, 0x44, 0x0e]),
  Buffer.from('/test.Test/Big'),
  Buffer.from([0x5f, 0x10]),
  Buffer.from('application/grpc'),
]);
const called = (id: number, block: Buffer): Buffer =>
  Buffer.concat([frame(1, 4, id, block), frame(0, 1, id, grpcMessage(some))]);

const conversations: readonly (readonly Buffer[])[] = [
  [called(1, indexing), called(3, referring), called(5, referring), called(7, shifting), called(9, referring)],
  [settings([4, 100_000]), ...[1, 3, 5].map((id) => wholeCall(id, '/test.Test/Big')), frame(8, 0, 0, uint32(50_000))],
  [wholeCall(1, '/test.Test/Echo', some), wholeCall(3, '/test.Test/Big'), wholeCall(5, '/test.Test/Refuse')],
  [
    frame(1, 4, 1, indexing),
    frame(0, 1, 1, grpcMessage(some)),
    frame(1, 4, 3, referring),
    frame(0, 1, 3, grpcMessage(some)),
  ],
  [
    frame(1, 0, 1, echo.subarray(0, 9)),
    frame(9, 0, 1, echo.subarray(9, 20)),
    frame(9, 4, 1, echo.subarray(20)),
    frame(0, 1, 1, grpcMessage(some)),
  ],
  [frame(1, 0x2c, 1, padded(Buffer.concat([priority, echo]), 7)), frame(0, 9, 1, padded(grpcMessage(some), 30))],
  [
    frame(1, 4, 1, echo),
    frame(0, 0, 1, grpcMessage(some).subarray(0, 7)),
    frame(0, 0, 1, grpcMessage(some).subarray(7)),
    frame(1, 5, 1, literal('x-trailer', 'v')),
  ],
  [
    settings([4, 10], [1, 0], [5, 20_000]),
    wholeCall(1, '/test.Test/Big'),
    frame(8, 0, 1, uint32(70_000)),
    settings([4, 100_000]),
    frame(8, 0, 0, uint32(90_000)),
  ],
  [
    frame(6, 0, 0, Buffer.from('12345678')),
    frame(2, 0, 5, priority),
    frame(7, 0, 0, Buffer.alloc(8)),
    frame(3, 0, 1, uint32(8)),
    frame(77, 3, 9, some),
  ],
  [
    frame(1, 4, 1, callBlock('/test.Test/Echo', ['grpc-encoding', 'gzip'])),
    frame(0, 1, 1, grpcMessage(gzipSync(some), 1)),
  ],
  [
    frame(1, 4, 1, callBlock('/test.Test/Echo', ['grpc-encoding', 'deflate'])),
    frame(0, 1, 1, grpcMessage(deflateSync(some), 1)),
  ],
  [
    frame(1, 4, 1, callBlock('/test.Test/Later', ['grpc-timeout', '5S'])),
    frame(0, 1, 1, grpcMessage(some)),
    frame(3, 0, 1, uint32(8)),
  ],
  [frame(1, 4, 1, callBlock('/test.Test/Echo', ['content-length', '17'])), frame(0, 1, 1, grpcMessage(some))],
  [
    frame(1, 5, 1, callBlock('/test.Test/Echo')),
    wholeCall(3, '/no.Such/Method'),
    wholeCall(5, '/test.Test/Throw'),
    wholeCall(7, '/test.Test/Reject'),
  ],
  [
    frame(1, 5, 1, Buffer.concat([Buffer.from([0x82, 0x86, 0x84]), literal('host', 'a')])),
    frame(1, 4, 3, callBlock('/test.Test/Never')),
    frame(3, 0, 3, uint32(8)),
  ],
  [frame(1, 4, 1, Buffer.concat([Buffer.from([0x20, 0x3f, 0xe1, 0x1f]), indexing])), frame(0, 1, 1, grpcMessage(some))],
];

/** Whole conversations, preface and SETTINGS first. */
export function seedConversations(): Buffer[] {
  return conversations.map((frames) => Buffer.concat([preface, settings(), ...frames]));
}

const spare = conversations.flat();

type Change = (frames: Buffer[], others: readonly Buffer[], random: Random) => void;

const place = (frames: readonly Buffer[], random: Random): number => random.below(frames.length);

const changes: readonly Change[] = [
  (frames, _, random) => void frames.splice(place(frames, random), 1),
  (frames, _, random) => void frames.splice(place(frames, random), 0, frames[place(frames, random)]!),
  (frames, others, random) =>
    void frames.splice(place(frames, random), 0, random.pick(others.length > 0 ? others : spare)),
  (frames, _, random) => void frames.splice(place(frames, random), 0, random.pick(spare)),
  function swap(frames, _, random) {
    const [a, b] = [place(frames, random), place(frames, random)];
    [frames[a], frames[b]] = [frames[b]!, frames[a]!];
  },
  function renumber(frames, _, random) {
    alter(frames, random, (bytes) => bytes.writeUInt32BE(random.below(12), 5));
  },
  function renumberAll(frames, _, random) {
    const by = 2 * random.below(8);
    for (const [n, each] of frames.entries()) {
      if (each.readUInt32BE(5) % 2 === 0) continue;
      const copy = Buffer.from(each);
      copy.writeUInt32BE((each.readUInt32BE(5) + by) & 0x7fff_ffff, 5);
      frames[n] = copy;
    }
  },
  function reflag(frames, _, random) {
    alter(frames, random, (bytes) => {
      bytes[4] = bytes[4]! ^ random.pick([1, 4, 8, 0x20, 0x28, 5]);
    });
  },
  function retype(frames, _, random) {
    alter(frames, random, (bytes) => {
      bytes[3] = random.below(11);
    });
  },
  function repayload(frames, others, random) {
    const at = place(frames, random);
    const old = frames[at]!;
    const other = others.length > 0 ? random.pick(others).subarray(9) : Buffer.alloc(0);
    const payload = mutateBytes(old.subarray(9), other, random).subarray(0, 60_000);
    frames[at] = frame(old[3]!, old[4]!, old.readUInt32BE(5), payload);
  },
  function divide(frames, _, random) {
    const at = place(frames, random);
    const old = frames[at]!;
    if (old.length < 11) return;
    const middle = 10 + random.below(old.length - 10);
    const [type, flags, id] = [old[3]!, old[4]!, old.readUInt32BE(5)];
    const rest = type === 1 ? 9 : type;
    const first = type === 1 ? flags & ~4 : flags & ~1;
    frames.splice(
      at,
      1,
      frame(type, first, id, old.subarray(9, middle)),
      frame(rest, type === 1 ? flags & 4 : flags, id, old.subarray(middle)),
    );
  },
  function flood(frames, _, random) {
    const at = place(frames, random);
    const times = 1 + random.below(random.once(10) ? 300 : 20);
    frames.splice(at, 0, ...Array.from({ length: times }, () => frames[at]!));
  },
];

function alter(frames: Buffer[], random: Random, how: (bytes: Buffer) => void): void {
  const at = place(frames, random);
  const copy = Buffer.from(frames[at]!);
  how(copy);
  frames[at] = copy;
}

const LONGEST = 80_000;

/** Changes frames mostly, bytes now and then. */
export function mutateFrames(input: Buffer, other: Buffer, random: Random): Buffer {
  if (random.once(8) || input.length < preface.length) return mutateBytes(input, other, random);
  const split = (bytes: Buffer): Buffer[] =>
    cutFrames(bytes.subarray(preface.length)).frames.map(({ type, flags, id, payload }) =>
      frame(type, flags, id, payload),
    );
  const frames = split(input);
  const others = split(other);
  for (let left = 1 + random.below(4); left > 0 && frames.length > 0; left -= 1)
    random.pick(changes)(frames, others, random);
  return Buffer.concat([input.subarray(0, preface.length), ...frames]).subarray(0, LONGEST);
}
