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

/** The status of a call whose `grpc-timeout` is over. */
export const deadlineExceeded: GrpcRefusal = { status: grpcStatus.deadlineExceeded, message: 'Deadline exceeded' };
const internal: GrpcRefusal = { status: grpcStatus.internal, message: 'Internal error' };

/** Answers `stream`, whose request has ended with its body kept (or without one). */
export function answerWhole<P>(connection: Connection<P>, stream: Stream<P>): void {
  const { body, bodyFilled } = stream;
  if (stream.head.verdict !== 'call') sendNotGrpc(connection, stream);
  else if (body === undefined || bodyFilled < MESSAGE_PREFIX || bodyFilled < MESSAGE_PREFIX + uint32(body, 1)) {
    sendRefusal(connection, stream, noMessage(stream));
  } else if (body[0] === 0) answerPlain(connection, stream, body.subarray(MESSAGE_PREFIX, bodyFilled));
  else inflateThenCall(connection, stream, body[0]!);
}

/** Answers `stream` with what its method makes of `message`, unless its deadline has passed. */
export function answerPlain<P>(connection: Connection<P>, stream: Stream<P>, message: Buffer): void {
  if (connection.now > stream.deadlineAt) sendRefusal(connection, stream, deadlineExceeded);
  else callMethod(connection, stream, message);
}

function callMethod<P>(connection: Connection<P>, stream: Stream<P>, message: Buffer): void {
  const reply = replyOf(connection, stream, message);
  if (reply instanceof Uint8Array) sendMessage(connection, stream, reply);
  else if (reply instanceof Promise) answerLater(connection, stream, reply);
  else sendRefusal(connection, stream, reply);
}

/** What the method answers; INTERNAL if it throws, which none should. */
function replyOf<P>(connection: Connection<P>, stream: Stream<P>, message: Buffer): LaneReply | Promise<LaneReply> {
  try {
    return stream.head.method!(message, connection.peer);
  } catch (thrown) {
    fails(connection, thrown);
    return internal;
  }
}

function fails<P>({ lane }: Connection<P>, thrown: unknown): void {
  lane.counts.handlerFailures += 1;
  lane.failed(thrown);
}

function answerLater<P>(connection: Connection<P>, stream: Stream<P>, reply: Promise<LaneReply>): void {
  reply.then(
    (value) => answer(connection, stream, value),
    (thrown: unknown) => {
      fails(connection, thrown);
      answer(connection, stream, internal);
    },
  );
}

/** Sends an answer that came later, unless its stream is over by now. */
function answer<P>(connection: Connection<P>, stream: Stream<P>, reply: LaneReply): void {
  if (connection.streams.get(stream.id) !== stream) return;
  if (reply instanceof Uint8Array) sendMessage(connection, stream, reply);
  else sendRefusal(connection, stream, reply);
  connection.flushSoon();
}

/** @param compressed  the flag in front of the message, which is kept on the stream */
function inflateThenCall<P>(connection: Connection<P>, stream: Stream<P>, compressed: number): void {
  const { encoding } = stream.head;
  if (compressed !== 1 || (encoding !== 'gzip' && encoding !== 'deflate')) {
    sendRefusal(connection, stream, notInflatable(compressed, encoding));
    return;
  }
  const isOver = (): boolean => connection.streams.get(stream.id) !== stream;
  const message = (): Buffer | undefined =>
    isOver() ? undefined : stream.body?.subarray(MESSAGE_PREFIX, stream.bodyFilled);
  void connection.lane.inflate(encoding, message).then((inflation) => {
    if (isOver()) return;
    if (inflation.ok) callMethod(connection, stream, inflation.message);
    else if (inflation.tooLarge) sendRefusal(connection, stream, tooLargeInflated(connection));
    else {
      connection.countHostile('inflate_failed');
      sendRefusal(connection, stream, { status: grpcStatus.internal, message: 'Failed to decompress message' });
    }
    connection.flushSoon();
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
