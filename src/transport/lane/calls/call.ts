/**
 * Runs a call whose request is complete, and sends what its method answers.
 * @module
 */
import { grpcStatus } from '../../../errors.ts';
import type { Connection } from '../connection/connection.ts';
import { acceptedEncodings } from '../connection/inflate.ts';
import type { Stream } from '../connection/stream.ts';
import type { GrpcRefusal, LaneReply } from '../method.ts';
import { uint32 } from '../wire/write-frames.ts';
import { MESSAGE_PREFIX, noMessage, tooLargeInflated } from './body.ts';
import { sendMessage, sendNotGrpc, sendRefusal } from './reply.ts';

export const deadlineExceeded: GrpcRefusal = { status: grpcStatus.deadlineExceeded, message: 'Deadline exceeded' };
const internal: GrpcRefusal = { status: grpcStatus.internal, message: 'Internal error' };

/** Answers `stream`, whose request has ended with its body kept (or without one). */
export function answerWhole<P>(link: Connection<P>, stream: Stream<P>): void {
  const { body, bodyFilled } = stream;
  if (stream.head.verdict !== 'call') sendNotGrpc(link, stream);
  else if (body === undefined || bodyFilled < MESSAGE_PREFIX || bodyFilled < MESSAGE_PREFIX + uint32(body, 1)) {
    sendRefusal(link, stream, noMessage(stream));
  } else if (body[0] === 0) answerPlain(link, stream, body.subarray(MESSAGE_PREFIX, bodyFilled));
  else inflateThenCall(link, stream, body[0]!);
}

/** Answers `stream` with what its method makes of `message`, unless its deadline has passed. */
export function answerPlain<P>(link: Connection<P>, stream: Stream<P>, message: Buffer): void {
  if (link.now > stream.deadlineAt) sendRefusal(link, stream, deadlineExceeded);
  else callMethod(link, stream, message);
}

function callMethod<P>(link: Connection<P>, stream: Stream<P>, message: Buffer): void {
  const reply = replyOf(link, stream, message);
  if (reply instanceof Uint8Array) sendMessage(link, stream, reply);
  else if (reply instanceof Promise) answerLater(link, stream, reply);
  else sendRefusal(link, stream, reply);
}

/** What the method answers; INTERNAL if it throws, which none should. */
function replyOf<P>(link: Connection<P>, stream: Stream<P>, message: Buffer): LaneReply | Promise<LaneReply> {
  try {
    return stream.head.method!(message, link.peer);
  } catch (thrown) {
    fails(link, thrown);
    return internal;
  }
}

function fails<P>({ lane }: Connection<P>, thrown: unknown): void {
  lane.counts.handlerFailures += 1;
  lane.failed(thrown);
}

function answerLater<P>(link: Connection<P>, stream: Stream<P>, reply: Promise<LaneReply>): void {
  reply.then(
    (value) => settle(link, stream, value),
    (thrown: unknown) => {
      fails(link, thrown);
      settle(link, stream, internal);
    },
  );
}

/** Sends an answer that came later, unless its stream is over by now. */
function settle<P>(link: Connection<P>, stream: Stream<P>, reply: LaneReply): void {
  if (link.streams.get(stream.id) !== stream) return;
  if (reply instanceof Uint8Array) sendMessage(link, stream, reply);
  else sendRefusal(link, stream, reply);
  link.flushSoon();
}

/** @param compressed  the flag in front of the message, which is kept on the stream */
function inflateThenCall<P>(link: Connection<P>, stream: Stream<P>, compressed: number): void {
  const { encoding } = stream.head;
  if (compressed !== 1 || (encoding !== 'gzip' && encoding !== 'deflate')) {
    sendRefusal(link, stream, notInflatable(compressed, encoding));
    return;
  }
  const isOver = (): boolean => link.streams.get(stream.id) !== stream;
  const message = (): Buffer | undefined =>
    isOver() ? undefined : stream.body?.subarray(MESSAGE_PREFIX, stream.bodyFilled);
  void link.lane.inflate(encoding, message).then((inflation) => {
    if (isOver()) return;
    if (inflation.ok) callMethod(link, stream, inflation.message);
    else if (inflation.tooLarge) sendRefusal(link, stream, tooLargeInflated(link));
    else {
      link.countHostile('inflate_failed');
      sendRefusal(link, stream, { status: grpcStatus.internal, message: 'Failed to decompress message' });
    }
    link.flushSoon();
  });
}

/** Why a message whose compressed flag is set cannot be read. */
export function notInflatable(compressed: number, encoding: string): GrpcRefusal {
  const { internal: status, unimplemented } = grpcStatus;
  if (compressed !== 1) return { status, message: `Invalid compressed flag ${compressed}` };
  if (encoding === 'identity') return { status, message: 'Compressed flag set without grpc-encoding' };
  const what = `Received message compressed with unsupported encoding "${encoding.slice(0, 64)}"`;
  return { status: unimplemented, message: what, accept: acceptedEncodings };
}

/** Ends a request whose deadline has passed. */
export function expire<P>(link: Connection<P>, stream: Stream<P>): void {
  sendRefusal(link, stream, deadlineExceeded);
}
