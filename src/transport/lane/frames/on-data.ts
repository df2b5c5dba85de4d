/**
 * DATA: the message of a call, and both receive windows (RFC 9113 §6.1, §6.9).
 * @module
 */

import { bodyIsComplete, keepBody, MESSAGE_PREFIX, SMALL_FRAME } from '../calls/body.ts';
import { answerPlain, answerWhole } from '../calls/call.ts';
import { sendRefusal } from '../calls/reply.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream, StreamCall } from '../connection/stream.ts';
import type { Frame } from '../wire/frame.ts';
import { fault, flag, h2Error, type Outcome } from '../wire/protocol.ts';
import { uint32, writeWindowUpdate } from '../wire/write-frames.ts';

/** DATA: counts it against both windows, and gives its payload `bytes[start, end)`, without padding, to its stream. */
export function onData<P>(connection: Connection<P>, frame: Frame): Outcome {
  const { flags, streamId: id, bytes } = frame;
  const size = frame.end - frame.start;
  if (!connection.flow.receive(size)) return fault(h2Error.flowControl, 'window_exceeded', 'DATA beyond the window');
  const credit = connection.flow.takeCredit();
  if (credit > 0) writeWindowUpdate(connection.out, 0, credit);
  const stream = connection.streams.get(id);
  if (stream === undefined) return onClosedStream(connection, id);
  if (stream.remoteClosed) return connection.resetStream(id, h2Error.streamClosed, 'stream_closed');
  if (size > stream.receiveWindow) return connection.resetStream(id, h2Error.flowControl, 'window_exceeded');
  stream.receiveWindow -= size;
  let from = frame.start;
  let to = frame.end;
  if (flags & flag.padded) {
    if (from === to) return fault(h2Error.frameSize, 'frame_size', 'DATA without its padding length');
    to -= bytes[from]!;
    from += 1;
    if (to < from) return fault(h2Error.protocol, 'frame_invalid', 'DATA with more padding than payload');
  }
  stream.bodyBytes += to - from;
  if (stream.call !== undefined)
    return onCallData(connection, stream, stream.call, (flags & flag.endStream) !== 0, bytes, from, to);
  if (flags & flag.endStream) return onLastData(connection, stream, bytes, from, to);
  return onSomeData(connection, stream, bytes, from, to);
}

function onLastData<P>(
  connection: Connection<P>,
  stream: Stream<P>,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  stream.remoteClosed = true;
  if (!bodyIsComplete(stream)) return connection.resetStream(stream.id, h2Error.protocol, 'request_malformed');
  const whole = stream.body === undefined && end - start >= MESSAGE_PREFIX && stream.head.verdict === 'call';
  if (
    whole &&
    bytes[start] === 0 &&
    end - start === MESSAGE_PREFIX + uint32(bytes, start + 1) &&
    end - start <= connection.lane.limits.messageBytes
  ) {
    answerPlain(connection, stream, bytes.subarray(start + MESSAGE_PREFIX, end));
  } else if (keepOrRefuse(connection, stream, bytes, start, end)) answerWhole(connection, stream);
  return undefined;
}

function onSomeData<P>(
  connection: Connection<P>,
  stream: Stream<P>,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  const flood = end - start < SMALL_FRAME ? connection.spend('small_frames') : undefined;
  if (flood !== undefined) return flood;
  const { contentLength } = stream.head;
  if (contentLength >= 0 && stream.bodyBytes > contentLength) {
    return connection.resetStream(stream.id, h2Error.protocol, 'request_malformed');
  }
  if (!keepOrRefuse(connection, stream, bytes, start, end)) return undefined;
  const { streamWindow } = connection.lane.limits;
  if (stream.receiveWindow > streamWindow / 2) return undefined;
  writeWindowUpdate(connection.out, stream.id, streamWindow - stream.receiveWindow);
  stream.receiveWindow = streamWindow;
  return undefined;
}

/** Keeps what belongs to a call; what is no gRPC is dropped. False: the stream was refused. */
function keepOrRefuse<P>(
  connection: Connection<P>,
  stream: Stream<P>,
  bytes: Buffer,
  start: number,
  end: number,
): boolean {
  if (stream.head.verdict !== 'call' || start === end) return true;
  const refusal = keepBody(connection, stream, bytes, start, end);
  if (refusal !== undefined) sendRefusal(connection, stream, refusal);
  return refusal === undefined;
}

/** DATA of a call of a GrpcMethod. */
function onCallData<P>(
  connection: Connection<P>,
  stream: Stream<P>,
  call: StreamCall,
  isLast: boolean,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  const flood = !isLast && end - start < SMALL_FRAME ? connection.spend('small_frames') : undefined;
  if (flood !== undefined) return flood;
  stream.remoteClosed = isLast;
  const { contentLength } = stream.head;
  const isTooLong = contentLength >= 0 && stream.bodyBytes > contentLength;
  if (isTooLong || (isLast && !bodyIsComplete(stream))) {
    return connection.resetStream(stream.id, h2Error.protocol, 'request_malformed');
  }
  call.receive(bytes, start, end);
  if (isLast) call.halfClosed();
  return undefined;
}

function onClosedStream<P>(connection: Connection<P>, id: number): Outcome {
  const past = connection.past.of(id);
  if (past === 'reset') return connection.spend('ignored_frames');
  if (past === 'closed') return connection.resetStream(id, h2Error.streamClosed, 'stream_closed');
  return fault(h2Error.protocol, 'frame_invalid', 'DATA on an idle stream');
}
