import assert from 'node:assert/strict';
import { keepBody } from '../../../../../src/transport/lane/calls/body.ts';
import type { Connection } from '../../../../../src/transport/lane/connection/connection.ts';
import type { Stream } from '../../../../../src/transport/lane/connection/stream.ts';
import { defaultLimits } from '../../../../../src/transport/lane/limits.ts';

/** Keeps a message of 1,201 bytes but its last, in pieces; answers what is held for it. */
function heldFor(pieces: readonly number[]): number {
  const message = Buffer.alloc(5 + 1_200);
  message.writeUInt32BE(1_201, 1);
  let held = 0;
  const connection = {
    lane: { limits: defaultLimits },
    mayHold: () => true,
    hold: (_: unknown, more: number) => (held += more),
  };
  const stream = { bodyFilled: 0, body: undefined as Buffer | undefined };
  let at = 0;
  for (const size of [...pieces, message.length]) {
    const end = Math.min(message.length, at + size);
    // Only what keeping a body asks of a connection and a stream.
    keepBody(connection as unknown as Connection<unknown>, stream as unknown as Stream<unknown>, message, at, end);
    at = end;
  }
  assert.deepEqual(stream.body?.subarray(0, stream.bodyFilled), message);
  return held;
}

describe('keepBody', () => {
  for (const pieces of [[], [5], [3, 2], [100]]) {
    it(`holds no more than the message announces, first pieces ${JSON.stringify(pieces)}`, () =>
      assert.equal(heldFor(pieces), 1_206));
  }
});
