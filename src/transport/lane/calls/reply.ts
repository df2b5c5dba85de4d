/**
 * Writes replies: a message with its trailers, a status alone, or a small body for what was not gRPC.
 * @module
 */
import type { Connection } from '../connection/connection.ts';
import type { Stream } from '../connection/stream.ts';
import { encodeBlock } from '../hpack/encoder.ts';
import type { GrpcRefusal } from '../method.ts';
import { FRAME_HEADER, flag, frameType, MAX_FRAME_PAYLOAD } from '../wire/protocol.ts';
import { putUint32, writeFrame, writeFrameHeader } from '../wire/write-frames.ts';
import { releaseBody } from './body.ts';

const PREFIX = 5;
/** The header block that every gRPC reply begins with (gRPC over HTTP/2, "Response-Headers"). */
export const okHeaders = encodeBlock([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const okTrailers = encodeBlock([['grpc-status', '0']]);
/** The largest message that goes out as one DATA frame. */
const ONE_FRAME = MAX_FRAME_PAYLOAD - PREFIX;

/** A frame with stream id 0, to be copied and patched. */
function frameBytes(type: number, flags: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, 0]);
  return Buffer.concat([header, payload]);
}
/** HEADERS, then the header of DATA and the prefix of the message, both without their lengths. */
const replyStart = Buffer.concat([
  frameBytes(frameType.headers, flag.endHeaders, okHeaders),
  frameBytes(frameType.data, 0, new Uint8Array(0)),
  Buffer.alloc(PREFIX),
]);
const DATA_AT = FRAME_HEADER + okHeaders.length;
const replyEnd = frameBytes(frameType.headers, flag.endHeaders | flag.endStream, okTrailers);

/** A table size update to nothing (RFC 7541 §6.3). */
const noTable = Buffer.from([0x20]);

/** Writes HEADERS with a whole block, behind the table size update that may be due (RFC 7541 §4.2). */
export function writeHeaders<P>(connection: Connection<P>, flags: number, id: number, block: Buffer): void {
  const first = connection.settings.takeTableUpdate() ? Buffer.concat([noTable, block]) : block;
  writeFrame(connection.out, frameType.headers, flag.endHeaders | flags, id, first);
}

/** Sends `message` with status OK; what the peer's windows do not let through waits. */
export function sendMessage<P>(connection: Connection<P>, stream: Stream<P>, message: Uint8Array): void {
  const length = message.length;
  const framed = length + PREFIX;
  connection.lane.counts.calls += 1;
  connection.countAnswer();
  const fits = framed <= connection.flow.sendWindow && framed <= stream.sendWindow && length <= ONE_FRAME;
  if (!fits || connection.settings.isTableUpdateDue) {
    writeHeaders(connection, 0, stream.id, okHeaders);
    sendWhenAllowed(connection, stream, withPrefix(message), true);
    return;
  }
  connection.flow.spend(framed);
  const start = connection.out.reserve(replyStart.length + length + replyEnd.length);
  const bytes = connection.out.bytes;
  const id = stream.id;
  for (let at = 0; at < replyStart.length; at += 1) bytes[start + at] = replyStart[at]!;
  putUint32(bytes, start + 5, id);
  const frame = start + DATA_AT;
  bytes[frame + 1] = framed >>> 8;
  bytes[frame + 2] = framed;
  putUint32(bytes, frame + 5, id);
  putUint32(bytes, frame + FRAME_HEADER + 1, length);
  const body = start + replyStart.length;
  bytes.set(message, body);
  const end = body + length;
  for (let at = 0; at < replyEnd.length; at += 1) bytes[end + at] = replyEnd[at]!;
  putUint32(bytes, end + 5, id);
  connection.finishStream(stream);
}

/** Sends a status without a message ("trailers-only"). */
export function sendRefusal<P>(connection: Connection<P>, stream: Stream<P>, refusal: GrpcRefusal): void {
  sendEnd(connection, stream, refusal, false);
}

/** Ends a stream whose messages were sent as far as there were any; undefined is OK. */
export function sendEnd<P>(
  connection: Connection<P>,
  stream: Stream<P>,
  refusal: GrpcRefusal | undefined,
  headersSent: boolean,
): void {
  if (refusal !== undefined) connection.lane.counts.refusals += 1;
  const trailers = refusal === undefined ? okTrailers : encodeBlock(statusFields(refusal));
  const block = headersSent ? trailers : Buffer.concat([okHeaders, trailers]);
  writeHeaders(connection, flag.endStream, stream.id, block);
  connection.finishStream(stream);
}

function statusFields({ status, message, accept, trailers = [] }: GrpcRefusal): (readonly [string, string])[] {
  return [
    ['grpc-status', String(status)],
    ['grpc-message', percentEncode(message)],
    ...(accept === undefined ? [] : [['grpc-accept-encoding', accept] as const]),
    ...trailers,
  ];
}

/** Answers what is no gRPC: an HTTP status and a line of text. */
export function sendNotGrpc<P>(connection: Connection<P>, stream: Stream<P>): void {
  connection.lane.counts.notGrpc += 1;
  const isMethod = stream.head.verdict === 'not_post';
  const text = isMethod ? 'gRPC calls are POST\n' : 'gRPC only: content-type application/grpc\n';
  const block = encodeBlock([
    [':status', isMethod ? '405' : '415'],
    ['content-type', 'text/plain'],
    ['content-length', String(text.length)],
  ]);
  const endStream = stream.head.isHead ? flag.endStream : 0;
  writeHeaders(connection, endStream, stream.id, block);
  if (endStream) connection.finishStream(stream);
  else sendWhenAllowed(connection, stream, Buffer.from(text, 'latin1'), false);
}

/** Sends DATA as far as both windows allow; the rest waits on the stream. */
function sendWhenAllowed<P>(connection: Connection<P>, stream: Stream<P>, body: Buffer, trailers: boolean): void {
  stream.unsent = body;
  stream.unsentOffset = 0;
  stream.unsentTrailers = trailers;
  stream.blockedAt = connection.now;
  releaseBody(connection, stream);
  if (!sendUnsent(connection, stream)) {
    connection.hold(stream, body.length);
    connection.block(stream);
  }
}

/** Goes on with what waits on `stream`. True when all is sent and the stream is over. */
export function sendUnsent<P>(connection: Connection<P>, stream: Stream<P>): boolean {
  if (stream.call !== undefined) return stream.call.resume();
  const body = stream.unsent!;
  while (stream.unsentOffset < body.length) {
    const left = body.length - stream.unsentOffset;
    const size = Math.min(left, connection.flow.sendWindow, stream.sendWindow, MAX_FRAME_PAYLOAD);
    if (size <= 0) return false;
    const last = size === left && !stream.unsentTrailers;
    const at = writeFrameHeader(connection.out, size, frameType.data, last ? flag.endStream : 0, stream.id);
    connection.out.bytes.set(body.subarray(stream.unsentOffset, stream.unsentOffset + size), at);
    stream.unsentOffset += size;
    stream.sendWindow -= size;
    connection.flow.spend(size);
    if (size === MAX_FRAME_PAYLOAD) connection.countAnswer();
  }
  if (stream.unsentTrailers) writeHeaders(connection, flag.endStream, stream.id, okTrailers);
  connection.finishStream(stream);
  return true;
}

/** The message as it goes over the wire. */
export function withPrefix(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafeSlow(PREFIX + message.length);
  framed[0] = 0;
  putUint32(framed, 1, message.length);
  framed.set(message, PREFIX);
  return framed;
}

/** gRPC over HTTP/2, "Status-Message": all but printable ASCII, and `%`, is percent-encoded UTF-8. At most 1,024 bytes. */
function percentEncode(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8').subarray(0, 1_024)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
