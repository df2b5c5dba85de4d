/**
 * HEADERS and CONTINUATION: opens streams, and takes trailers (RFC 9113 §6.2, §6.10, §8.1).
 * @module
 */

import { grpcStatus } from '../../../errors.ts';
import { bodyIsComplete } from '../calls/body.ts';
import { answerWhole } from '../calls/call.ts';
import { sendRefusal } from '../calls/reply.ts';
import type { Connection } from '../connection/connection.ts';
import { createStream, type Stream } from '../connection/stream.ts';
import type { LaneHead } from '../method.ts';
import { extendBlock } from '../request/header-block.ts';
import { openCall } from '../streaming/streaming-call.ts';
import type { Frame } from '../wire/frame.ts';
import { fault, flag, h2Error, type Outcome } from '../wire/protocol.ts';
import { uint31 } from '../wire/write-frames.ts';

/** A first fragment gets this much room before it has to grow. */
const FIRST_BLOCK = 4_096;

/** HEADERS: opens a stream or ends one with trailers, once its block is whole (RFC 9113 §6.2). */
export function onHeaders<P>(connection: Connection<P>, frame: Frame): Outcome {
  const { flags, streamId: id, bytes } = frame;
  if ((id & 1) === 0) return fault(h2Error.protocol, 'frame_invalid', 'HEADERS on a stream id that is not odd');
  let from = frame.start;
  let to = frame.end;
  if (flags & flag.padded) {
    if (from === to) return fault(h2Error.frameSize, 'frame_size', 'HEADERS without its padding length');
    to -= bytes[from]!;
    from += 1;
  }
  let selfDependent = false;
  if (flags & flag.priority) {
    if (frame.end - from < 5) return fault(h2Error.frameSize, 'frame_size', 'HEADERS without its priority');
    selfDependent = uint31(bytes, from) === id;
    from += 5;
  }
  if (to < from) return fault(h2Error.protocol, 'frame_invalid', 'HEADERS with more padding than payload');
  const endStream = (flags & flag.endStream) !== 0;
  if (flags & flag.endHeaders) return onBlock(connection, id, endStream, selfDependent, bytes, from, to);
  const room = Buffer.allocUnsafeSlow(Math.max(FIRST_BLOCK, to - from));
  const length = bytes.copy(room, 0, from, to);
  const begunAt = connection.now;
  connection.headers.openBlock({
    streamId: id,
    endStream,
    selfDependent,
    begunAt,
    bytes: room,
    length,
    continuations: 0,
  });
  return undefined;
}

/** CONTINUATION (RFC 9113 §6.10). The dispatcher has seen that a block of this stream is open, if any is. */
export function onContinuation<P>(connection: Connection<P>, frame: Frame): Outcome {
  const { block } = connection.headers;
  if (block === undefined) return fault(h2Error.protocol, 'frame_invalid', 'CONTINUATION without HEADERS');
  const { limits } = connection.lane;
  block.continuations += 1;
  if (block.continuations > limits.continuationFrames) {
    return fault(h2Error.enhanceYourCalm, 'continuation_flood', 'too many CONTINUATION frames');
  }
  if (!extendBlock(block, frame.bytes, frame.start, frame.end, limits.headerBlockBytes)) {
    return fault(h2Error.enhanceYourCalm, 'header_block_size', 'header block too long');
  }
  if ((frame.flags & flag.endHeaders) === 0) return undefined;
  connection.headers.closeBlock();
  return onBlock(connection, block.streamId, block.endStream, block.selfDependent, block.bytes, 0, block.length);
}

/** A whole header block. It is decoded whatever becomes of its stream: the dynamic table must follow. */
function onBlock<P>(
  connection: Connection<P>,
  id: number,
  endStream: boolean,
  selfDependent: boolean,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  const stream = connection.streams.get(id);
  if (stream === undefined && id > connection.past.lastId) {
    const head = connection.headers.readHead(bytes, start, end);
    if (head === undefined) return badBlock;
    if (id > connection.past.lastAcceptedId) return undefined;
    connection.past.advanceTo(id);
    if (selfDependent) return connection.resetStream(id, h2Error.protocol, 'frame_invalid');
    return openStream(connection, id, head, endStream);
  }
  const isSound = connection.headers.readTrailers(bytes, start, end);
  if (isSound === undefined) return badBlock;
  if (stream === undefined) return onClosedStream(connection, id);
  return onTrailers(connection, stream, endStream, isSound && !selfDependent);
}

const badBlock = fault(h2Error.compression, 'hpack_invalid', 'not HPACK');

function openStream<P>(connection: Connection<P>, id: number, head: LaneHead<P>, endStream: boolean): Outcome {
  const { lane } = connection;
  if (connection.streams.size >= streamLimit(connection) || !connection.mayHold(head.bytes)) {
    return connection.resetStream(id, h2Error.refusedStream, 'refused_streams');
  }
  if (head.verdict === 'malformed') return connection.resetStream(id, h2Error.protocol, 'request_malformed');
  if (head.verdict === 'too_large') return connection.resetStream(id, h2Error.enhanceYourCalm, 'header_list_size');
  const stream = createStream(
    id,
    head,
    connection.now,
    connection.settings.streamWindow,
    lane.limits.streamWindow,
    endStream,
  );
  connection.addStream(stream);
  if (endStream && !bodyIsComplete(stream)) return connection.resetStream(id, h2Error.protocol, 'request_malformed');
  if (head.verdict === 'unknown_method') {
    const path = head.path.slice(0, 256);
    sendRefusal(connection, stream, {
      status: grpcStatus.unimplemented,
      message: `The server does not implement the method ${path}`,
    });
  } else if (Number.isNaN(head.timeoutMs)) {
    const text = head.timeoutText.slice(0, 32);
    sendRefusal(connection, stream, { status: grpcStatus.internal, message: `Invalid grpc-timeout value "${text}"` });
  } else {
    if (head.call !== undefined) openCall(connection, stream, head.call);
    if (endStream) onRequestEnd(connection, stream);
  }
  return undefined;
}

/** A request has ended with HEADERS. */
function onRequestEnd<P>(connection: Connection<P>, stream: Stream<P>): void {
  if (stream.call === undefined) answerWhole(connection, stream);
  else stream.call.halfClosed();
}

/** What a peer keeps to that knows of it. One that has yet to read our SETTINGS may have opened more, and means no harm. */
function streamLimit<P>({ lane: { limits }, settings, now, openedAt }: Connection<P>): number {
  return settings.isAckDue && now - openedAt < limits.prefaceMs ? limits.greetingStreams : limits.concurrentStreams;
}

function onTrailers<P>(connection: Connection<P>, stream: Stream<P>, endStream: boolean, sound: boolean): Outcome {
  if (stream.remoteClosed) return connection.resetStream(stream.id, h2Error.streamClosed, 'stream_closed');
  stream.remoteClosed = true;
  if (!endStream || !sound || !bodyIsComplete(stream)) {
    return connection.resetStream(stream.id, h2Error.protocol, 'request_malformed');
  }
  onRequestEnd(connection, stream);
  return undefined;
}

/** HEADERS for a stream that is no more (RFC 9113 §5.1, §5.1.1). */
function onClosedStream<P>(connection: Connection<P>, id: number): Outcome {
  const past = connection.past.of(id);
  if (past === 'reset') return connection.spend('ignored_frames');
  if (past === 'skipped') return fault(h2Error.protocol, 'stream_closed', 'stream ids must rise');
  return fault(h2Error.streamClosed, 'stream_closed', 'HEADERS on a closed stream');
}
