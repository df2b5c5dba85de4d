import assert from 'node:assert/strict';
import { type Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import { createLane } from '../../src/transport/lane/lane.ts';
import { usualCalls } from '../support/lane-calls.ts';
import { laneMethods } from '../support/lane-methods.ts';
import { callBlock, frame, grpcMessage, preface, settings, uint32, wholeCall } from '../support/raw-h2.ts';

/** What a lane answers to `chunks`, and whether anything of ours broke. */
async function answer(chunks: readonly Uint8Array[]): Promise<{ bytes: Buffer; failed: unknown[]; held: boolean }> {
  const failed: unknown[] = [];
  const lane = createLane<string>({
    methods: laneMethods,
    calls: usualCalls(),
    failed: (thrown) => failed.push(thrown),
    now: () => 1_000,
  });
  const [ours, theirs] = duplexPair();
  const out: Buffer[] = [];
  theirs.on('data', (chunk: Buffer) => out.push(chunk));
  lane.accept(ours, 'peer');
  for (const chunk of chunks) {
    if (!theirs.writable) break;
    theirs.write(chunk);
    await quiet(ours);
  }
  await quiet(ours);
  await quiet(theirs);
  await lane[Symbol.asyncDispose]();
  return { bytes: Buffer.concat(out), failed, held: lane.counts.connections > 0 };
}

/** Lets everything run that can. */
async function quiet(stream: Duplex): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (stream.readableLength > 0 && !stream.isPaused());
}

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const places = [...new Set(at.map((each) => each % bytes.length))].sort((a, b) => a - b);
  return [0, ...places].map((from, n) => bytes.subarray(from, places[n] ?? bytes.length));
};

const id = fc.integer({ min: 0, max: 9 });
const payload = fc.uint8Array({ maxLength: 40 });
const anyFrame = fc
  .tuple(fc.integer({ min: 0, max: 11 }), fc.nat({ max: 255 }), id, payload)
  .map(([type, flags, stream, bytes]) => frame(type, flags, stream, bytes));
const paths = ['/test.Test/Echo', '/test.Test/Big', '/test.Test/Refuse', '/none', '/test.Test/Throw'];
/** Of methods that stream: what they answer may come between other answers here or there. */
const streaming = ['Say', 'Chat', 'Sizes', 'Wait', 'Deaf', 'Refuse', 'Break'].map((name) => `/test.Calls/${name}`);
const soundFrame = (path: fc.Arbitrary<string>) =>
  fc.oneof(
    fc.tuple(id, path, payload).map(([stream, where, message]) => wholeCall(2 * stream + 1, where, message)),
    fc.tuple(id, path).map(([stream, where]) => frame(1, 4, 2 * stream + 1, callBlock(where))),
    fc.tuple(id, path).map(([stream, where]) => frame(1, 5, 2 * stream + 1, callBlock(where))),
    fc
      .tuple(id, payload, fc.boolean())
      .map(([stream, bytes, end]) => frame(0, end ? 1 : 0, 2 * stream + 1, grpcMessage(bytes))),
    fc.nat({ max: 100_000 }).map((size) => settings([4, size])),
    fc.tuple(id, fc.nat({ max: 70_000 })).map(([stream, size]) => frame(8, 0, stream, uint32(size))),
    payload.map((bytes) => frame(6, 0, 0, Buffer.concat([bytes, Buffer.alloc(8)]).subarray(0, 8))),
    id.map((stream) => frame(3, 0, 2 * stream + 1, uint32(8))),
  );
const conversationOf = (path: fc.Arbitrary<string>) =>
  fc
    .array(fc.oneof({ weight: 6, arbitrary: soundFrame(path) }, { weight: 1, arbitrary: anyFrame }), { maxLength: 25 })
    .map((frames) => Buffer.concat([preface, settings(), ...frames]));
const conversation = conversationOf(fc.constantFrom(...paths));

describe('Lane, any bytes', () => {
  it('answers the same wherever the bytes were cut', async () => {
    await fc.assert(
      fc.asyncProperty(conversation, fc.array(fc.nat(), { maxLength: 12 }), async (bytes, places) => {
        const [whole, parts] = [await answer([bytes]), await answer(cut(bytes, places))];
        assert.equal(parts.bytes.toString('hex'), whole.bytes.toString('hex'));
      }),
      { numRuns: 300 },
    );
  });

  it('breaks nothing of ours, and holds nothing afterwards', async () => {
    const any = conversationOf(fc.constantFrom(...paths, ...streaming));
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(any, flips, async (bytes, changes) => {
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const { failed, held } = await answer([bytes]);
        assert.equal(held, false);
        assert.deepEqual(
          failed.filter((thrown) => !String(thrown).includes('a secret')),
          [],
        );
      }),
      { numRuns: 600 },
    );
  });
});
