/**
 * DATA of a call of a GrpcMethod.
 * @module
 */
import { bodyIsComplete, SMALL_FRAME } from '../calls/body.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream } from '../connection/stream.ts';
import type { Outcome } from '../fault.ts';
import { flag, h2Error } from '../wire/protocol.ts';
import type { StreamingCall } from './streaming-call.ts';

/** Takes `bytes[start, end)`; the windows have been seen to. */
export function onCallData<P>(
  link: Connection<P>,
  stream: Stream<P>,
  call: StreamingCall<P>,
  flags: number,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  const isLast = (flags & flag.endStream) !== 0;
  const flood = !isLast && end - start < SMALL_FRAME ? link.spend('small_frames') : undefined;
  if (flood !== undefined) return flood;
  stream.remoteClosed = isLast;
  const { contentLength } = stream.head;
  const isTooLong = contentLength >= 0 && stream.bodyBytes > contentLength;
  if (isTooLong || (isLast && !bodyIsComplete(stream))) {
    return link.reset(stream.id, h2Error.protocol, 'request_malformed');
  }
  call.data(bytes, start, end);
  if (isLast) call.halfClosed();
  return undefined;
}
