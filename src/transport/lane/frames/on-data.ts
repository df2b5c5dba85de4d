/**
 * DATA: the message of a call, and both receive windows (RFC 9113 §6.1, §6.9).
 * @module
 */

import { bodyIsComplete, keepBody, MESSAGE_PREFIX, SMALL_FRAME } from '../calls/body.ts';
import { answerPlain, answerWhole } from '../calls/call.ts';
import { sendRefusal } from '../calls/reply.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream } from '../connection/stream.ts';
import { fault, type Outcome } from '../fault.ts';
import { onCallData } from '../streaming/on-call-data.ts';
import { flag, h2Error } from '../wire/protocol.ts';
import { uint32, writeWindowUpdate } from '../wire/write-frames.ts';

export function onData<P>(
  link: Connection<P>,
  flags: number,
  id: number,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  const size = end - start;
  if (size > link.receiveWindow) return fault(h2Error.flowControl, 'window_exceeded', 'DATA beyond the window');
  creditConnection(link, size);
  const stream = link.streams.get(id);
  if (stream === undefined) return onClosedStream(link, id);
  if (stream.remoteClosed) return link.reset(id, h2Error.streamClosed, 'stream_closed');
  if (size > stream.receiveWindow) return link.reset(id, h2Error.flowControl, 'window_exceeded');
  stream.receiveWindow -= size;
  let from = start;
  let to = end;
  if (flags & flag.padded) {
    if (from === to) return fault(h2Error.frameSize, 'frame_size', 'DATA without its padding length');
    to -= bytes[from]!;
    from += 1;
    if (to < from) return fault(h2Error.protocol, 'frame_invalid', 'DATA with more padding than payload');
  }
  stream.bodyBytes += to - from;
  if (stream.call !== undefined) return onCallData(link, stream, stream.call, flags, bytes, from, to);
  if (flags & flag.endStream) return onLastData(link, stream, bytes, from, to);
  return onSomeData(link, stream, bytes, from, to);
}

function onLastData<P>(link: Connection<P>, stream: Stream<P>, bytes: Buffer, start: number, end: number): Outcome {
  stream.remoteClosed = true;
  if (!bodyIsComplete(stream)) return link.reset(stream.id, h2Error.protocol, 'request_malformed');
  const whole = stream.body === undefined && end - start >= MESSAGE_PREFIX && stream.head.verdict === 'call';
  if (
    whole &&
    bytes[start] === 0 &&
    end - start === MESSAGE_PREFIX + uint32(bytes, start + 1) &&
    end - start <= link.lane.limits.messageBytes
  ) {
    answerPlain(link, stream, bytes.subarray(start + MESSAGE_PREFIX, end));
  } else if (keepOrRefuse(link, stream, bytes, start, end)) answerWhole(link, stream);
  return undefined;
}

function onSomeData<P>(link: Connection<P>, stream: Stream<P>, bytes: Buffer, start: number, end: number): Outcome {
  const flood = end - start < SMALL_FRAME ? link.spend('small_frames') : undefined;
  if (flood !== undefined) return flood;
  const { contentLength } = stream.head;
  if (contentLength >= 0 && stream.bodyBytes > contentLength) {
    return link.reset(stream.id, h2Error.protocol, 'request_malformed');
  }
  if (!keepOrRefuse(link, stream, bytes, start, end)) return undefined;
  const { streamWindow } = link.lane.limits;
  if (stream.receiveWindow > streamWindow / 2) return undefined;
  writeWindowUpdate(link.out, stream.id, streamWindow - stream.receiveWindow);
  stream.receiveWindow = streamWindow;
  return undefined;
}

/** Keeps what belongs to a call; what is no gRPC is dropped. False: the stream was refused. */
function keepOrRefuse<P>(link: Connection<P>, stream: Stream<P>, bytes: Buffer, start: number, end: number): boolean {
  if (stream.head.verdict !== 'call' || start === end) return true;
  const refusal = keepBody(link, stream, bytes, start, end);
  if (refusal !== undefined) sendRefusal(link, stream, refusal);
  return refusal === undefined;
}

/** Gives the connection's window back in large steps. What is held is bounded by other limits. */
function creditConnection<P>(link: Connection<P>, size: number): void {
  link.receiveWindow -= size;
  const { connectionWindow } = link.lane.limits;
  if (link.receiveWindow > connectionWindow / 2) return;
  writeWindowUpdate(link.out, 0, connectionWindow - link.receiveWindow);
  link.receiveWindow = connectionWindow;
}

function onClosedStream<P>(link: Connection<P>, id: number): Outcome {
  const past = link.past.of(id);
  if (past === 'reset') return link.spend('ignored_frames');
  if (past === 'closed') return link.reset(id, h2Error.streamClosed, 'stream_closed');
  return fault(h2Error.protocol, 'frame_invalid', 'DATA on an idle stream');
}
