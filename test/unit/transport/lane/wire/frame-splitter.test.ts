import assert from 'node:assert/strict';
import { FrameSplitter } from '../../../../../src/transport/lane/wire/frame-splitter.ts';
import { frame } from '../../../../support/raw-h2.ts';

interface Seen {
  readonly frames: string[];
  tooLong: number;
  /** Stops after so many more frames. */
  goOn: number;
}

function splitter(): { seen: Seen; split: FrameSplitter } {
  const seen: Seen = { frames: [], tooLong: 0, goOn: Number.POSITIVE_INFINITY };
  const split = new FrameSplitter({
    frame(type, flags, id, bytes, start, end) {
      seen.frames.push(`${type}/${flags}/${id}/${bytes.toString('latin1', start, end)}`);
      seen.goOn -= 1;
      return seen.goOn > 0;
    },
    frameTooLong: () => {
      seen.tooLong += 1;
    },
  });
  return { seen, split };
}

const three = Buffer.concat([
  frame(0, 1, 7, Buffer.from('hello')),
  frame(4, 0, 0),
  frame(99, 255, 0xffff_ffff, Buffer.from('x')),
]);
const want = ['0/1/7/hello', '4/0/0/', '99/255/2147483647/x'];

describe('FrameSplitter', () => {
  it('finds the same frames wherever two cuts are made', () => {
    for (let first = 0; first <= three.length; first += 1) {
      for (let second = first; second <= three.length; second += 1) {
        const { seen, split } = splitter();
        split.push(three.subarray(0, first));
        split.push(three.subarray(first, second));
        split.push(three.subarray(second));
        assert.deepEqual(seen.frames, want, `cut at ${first} and ${second}`);
        assert.equal(split.midFrame, false);
      }
    }
  });

  it('keeps nothing of a chunk that is used again', () => {
    for (let cut = 0; cut <= three.length; cut += 1) {
      const { seen, split } = splitter();
      seen.goOn = 1;
      const chunk = Buffer.alloc(three.length);
      for (const piece of [three.subarray(0, cut), three.subarray(cut)]) {
        piece.copy(chunk);
        split.push(chunk.subarray(0, piece.length));
        chunk.fill(0xff);
      }
      seen.goOn = Number.POSITIVE_INFINITY;
      split.resume();
      assert.deepEqual(seen.frames, want, `cut at ${cut}`);
    }
  });

  it('says that a frame has begun', () => {
    const { split } = splitter();
    split.push(three.subarray(0, 3));
    assert.equal(split.midFrame, true);
  });

  it('stops when it is told to, and goes on at the next frame', () => {
    for (let cut = 0; cut <= three.length; cut += 1) {
      const { seen, split } = splitter();
      seen.goOn = 1;
      split.push(three.subarray(0, cut));
      split.push(three.subarray(cut));
      assert.deepEqual(seen.frames, want.slice(0, 1), `cut at ${cut}`);
      seen.goOn = 9;
      split.resume();
      assert.deepEqual(seen.frames, want, `cut at ${cut}`);
    }
  });

  it('refuses a frame above 16,384 bytes by its header alone, and drops what follows', () => {
    for (const cut of [1, 8, 9]) {
      const { seen, split } = splitter();
      const header = Buffer.from([0, 0x40, 0x01, 0, 0, 0, 0, 0, 1]);
      split.push(header.subarray(0, cut));
      split.push(header.subarray(cut));
      split.push(three);
      assert.deepEqual(seen, { frames: [], tooLong: 1, goOn: Number.POSITIVE_INFINITY });
    }
  });
});
