/**
 * Fuzzes a lane by the bytes of one connection.
 *
 * What must hold whatever the bytes: nothing of ours throws; the answer is well-formed HTTP/2 that keeps to the windows granted; it
 * is the same wherever the bytes were cut; what is answered OK is what nghttp2 would have understood; and a second connection of
 * the same lane is served rightly all the while.
 * @module
 */
import assert from 'node:assert/strict';
import { createLane, type Lane } from '../../../src/transport/lane/lane.ts';
import { bigReply, laneMethods } from '../../support/lane-methods.ts';
import { cutFrames, grpcMessage, preface, type RawFrame, settings, wholeCall } from '../../support/raw-h2.ts';
import type { FuzzTarget } from '../target.ts';
import { mutateFrames, seedConversations } from './lane-conversations.ts';
import { requestsSeenByNghttp2 } from './nghttp2-view.ts';
import { StillDuplex } from './still-duplex.ts';

const failed: unknown[] = [];
let lane: Lane<string> | undefined;
let victim: { readonly socket: StillDuplex; calls: number } | undefined;
let runs = 0;

/** A lane has its time stand still: what takes time is tested elsewhere. */
function theLane(): Lane<string> {
  lane ??= createLane({ methods: laneMethods, failed: (thrown) => failed.push(thrown), now: () => 1_000 });
  return lane;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Answer {
  readonly frames: readonly RawFrame[];
  /** It was not said at once: decompression or a method that promises. Its order is not fixed. */
  readonly later: boolean;
}

async function answer(pieces: readonly Buffer[]): Promise<Answer> {
  const served = theLane();
  const socket = new StillDuplex();
  served.accept(socket, 'peer');
  for (const piece of pieces) socket.say(piece);
  const atOnce = socket.sent.length;
  for (let turns = 0; turns < 3; turns += 1) await turn();
  const later = socket.sent.length > atOnce || served.counts.connections > 2;
  socket.destroy();
  await turn();
  const bytes = Buffer.concat(socket.sent);
  if (bytes.subarray(0, 8).equals(Buffer.from('HTTP/1.1'))) return { frames: [], later };
  const { frames, rest } = cutFrames(bytes);
  assert.equal(rest.length, 0, 'the answer ends within a frame');
  return { frames, later };
}

/** What must be true of every answer by itself. */
function assertWellFormed(frames: readonly RawFrame[]): void {
  const ended = new Set<number>();
  for (const { type, flags, id, payload } of frames) {
    assert.ok(payload.length <= 16_384, 'a frame too long');
    assert.ok([0, 1, 3, 4, 6, 7, 8].includes(type), `frame type ${type}`);
    if (type > 1) continue;
    assert.ok(id % 2 === 1, 'a stream of ours');
    assert.ok(!ended.has(id), `stream ${id} goes on after its end`);
    if (flags & 1) ended.add(id);
  }
}

/** No more DATA than the client can have granted, however its frames are read. */
function assertWithinWindows(frames: readonly RawFrame[], input: Buffer): void {
  let granted = 65_535;
  for (const { type, id, payload } of cutFrames(input.subarray(preface.length)).frames) {
    if (type === 8 && id === 0 && payload.length === 4) granted += payload.readUInt32BE() & 0x7fff_ffff;
  }
  const sent = frames.reduce((sum, { type, payload }) => sum + (type === 0 ? payload.length : 0), 0);
  assert.ok(sent <= granted, `${sent} bytes sent, ${granted} granted`);
}

const perStream = (frames: readonly RawFrame[]): string =>
  frames.map(({ type, flags, id, payload }) => `${id} ${type} ${flags} ${payload.toString('hex')}`).join('\n');

/** A call on a connection that stands beside: it gets its own bytes back. */
function assertVictimServed(): void {
  if (victim === undefined || victim.calls > 1_000 || victim.socket.destroyed) {
    victim?.socket.destroy();
    victim = { socket: new StillDuplex(), calls: 0 };
    theLane().accept(victim.socket, 'victim');
    victim.socket.say(Buffer.concat([preface, settings()]));
  }
  victim.socket.sent.length = 0;
  victim.calls += 1;
  const message = Buffer.from(`call ${runs} ${'x'.repeat(runs % 300)}`);
  const id = 2 * victim.calls + 1;
  victim.socket.say(wholeCall(id, '/test.Test/Echo', message));
  const { frames } = cutFrames(Buffer.concat(victim.socket.sent));
  const reply = frames.find((each) => each.type === 0 && each.id === id);
  assert.ok(reply?.payload.equals(grpcMessage(message)), 'another connection got no right answer');
  const window = Buffer.alloc(13);
  window.writeUIntBE(4, 0, 3);
  window[3] = 8;
  window.writeUInt32BE(message.length + 5, 9);
  victim.socket.say(window);
}

/** Replies that were OK and whole, by stream. */
function repliesOf(frames: readonly RawFrame[]): Map<number, Buffer> {
  const bodies = new Map<number, Buffer[]>();
  const whole = new Map<number, Buffer>();
  for (const { type, flags, id, payload } of frames) {
    if (type === 0) bodies.set(id, [...(bodies.get(id) ?? []), payload]);
    if (type === 1 && flags & 1 && payload.includes('grpc-status\x010'))
      whole.set(id, Buffer.concat(bodies.get(id) ?? []));
  }
  return whole;
}

/** Without a picture of the difference, which for large replies takes more memory than there is. */
function assertSame(reply: Buffer, wanted: Buffer): void {
  assert.ok(reply.equals(wanted), `${reply.length} bytes that are not the ${wanted.length} wanted`);
}

async function assertAsNghttp2(input: Buffer, frames: readonly RawFrame[]): Promise<void> {
  const seen = await requestsSeenByNghttp2(input);
  if (seen === undefined) return;
  for (const [id, reply] of repliesOf(frames)) {
    const request = seen.get(id);
    assert.ok(request, `stream ${id} was answered, and is no request to nghttp2`);
    assert.equal(request.method, 'POST');
    if (request.path === '/test.Test/Echo' && request.body[0] === 0) assertSame(reply, request.body);
    else if (request.path === '/test.Test/Big') assertSame(reply, grpcMessage(bigReply));
    else assert.ok(laneMethods.has(request.path), `OK from ${request.path}`);
  }
}

/** Pieces of an input: by its own bytes, so that they come again with it. */
function cut(input: Buffer): Buffer[] {
  const out: Buffer[] = [];
  let step = 1 + ((input.length * 7) % 13);
  for (let at = 0; at < input.length; at += step) {
    step = 1 + ((step * 31 + input[at]!) % 61);
    out.push(input.subarray(at, at + step));
  }
  return out;
}

export const laneTarget: FuzzTarget = {
  name: 'lane',
  seeds: seedConversations,
  mutate: mutateFrames,
  async run(input, isThorough) {
    runs += 1;
    failed.length = 0;
    const whole = await answer([input]);
    assertWellFormed(whole.frames);
    assertWithinWindows(whole.frames, input);
    const parts = await answer(cut(input));
    if (!whole.later && !parts.later) assert.ok(perStream(parts.frames) === perStream(whole.frames), 'cuts matter');
    assert.deepEqual(
      failed.filter((thrown) => !String(thrown).includes('a secret')),
      [],
    );
    assertVictimServed();
    if (isThorough) await assertAsNghttp2(input, whole.frames);
  },
};
