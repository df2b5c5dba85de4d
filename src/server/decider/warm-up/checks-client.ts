/**
 * A client that asks Checks as an Envoy frames them: HEADERS that repeat, the message in one DATA, a few requests at a time.
 * @module
 */
import type { Socket } from 'node:net';
import { FrameSplitter } from '../../../transport/lane/wire/frame-splitter.ts';
import {
  CLIENT_PREFACE,
  DEFAULT_WINDOW,
  FRAME_HEADER,
  flag,
  frameType,
  MAX_WINDOW,
  setting,
} from '../../../transport/lane/wire/protocol.ts';
import { CHECK_PATH } from '../check-wire.ts';

/** How many requests are under way together. */
const AT_ONCE = 8;

/**
 * Asks `questions` in turn over a socket, which is closed at the end; resolves with the number of answers.
 *
 * @param goesOn  asked after each few answers; it is over when this says no, or the connection is
 */
export function askChecks(
  socket: Socket,
  questions: readonly Uint8Array[],
  goesOn: (answers: number) => boolean,
): Promise<number> {
  const messages = questions.map(grpcMessage);
  let window = DEFAULT_WINDOW;
  let asked = 0;
  let answers = 0;
  return new Promise((resolve) => {
    const askSome = (): void => {
      const frames: Buffer[] = [];
      for (let i = 0; i < AT_ONCE; i++, asked++) {
        const message = messages[asked % messages.length]!;
        const stream = asked * 2 + 1;
        const head = asked === 0 ? FIRST_HEAD : NEXT_HEAD;
        frames.push(frame(frameType.headers, flag.endHeaders, stream, head));
        frames.push(frame(frameType.data, flag.endStream, stream, message));
        window -= message.length;
      }
      if (window < 0) socket.end();
      else socket.write(Buffer.concat(frames));
    };
    const splitter = new FrameSplitter({
      frame(type, flags, streamId, bytes, start) {
        if (type === frameType.settings && flags === 0) socket.write(frame(frameType.settings, flag.ack, 0));
        if (type === frameType.windowUpdate && streamId === 0) window += bytes.readUInt32BE(start);
        if (type !== frameType.headers || (flags & flag.endStream) === 0) return true;
        answers += 1;
        if (answers < asked) return true;
        if (goesOn(answers)) askSome();
        else socket.end();
        return true;
      },
      frameTooLong: () => socket.destroy(),
    });
    socket.on('data', (bytes) => splitter.push(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answers));
    socket.write(GREETING);
    askSome();
  });
}

function frame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(FRAME_HEADER);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Not compressed; length; the message itself. */
function grpcMessage(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Answers never wait for a window. */
const GREETING = Buffer.concat([
  CLIENT_PREFACE,
  frame(frameType.settings, 0, 0, Buffer.concat([Buffer.of(0, setting.initialWindowSize), uint32(MAX_WINDOW)])),
  frame(frameType.windowUpdate, 0, 0, uint32(MAX_WINDOW - DEFAULT_WINDOW)),
]);

const literal = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')]);
/** A field that goes into the table; the name is in the standard's own (RFC 7541 §6.2.1, Appendix A). */
const field = (name: number, value: string): Buffer => Buffer.concat([Buffer.of(0x40 | name), literal(value)]);
/** `:method: POST`, `:scheme: http`. */
const METHOD_AND_SCHEME = Buffer.of(0x83, 0x86);

/** `:path`, `:authority`, `te`, `content-type`. */
const FIRST_HEAD = Buffer.concat([
  ...[METHOD_AND_SCHEME, field(4, CHECK_PATH), field(1, 'ext_authz')],
  ...[Buffer.of(0x40), literal('te'), literal('trailers'), field(31, 'application/grpc')],
]);
/** The same by the table, whose newest field is 62 (RFC 7541 §2.3.3). */
const NEXT_HEAD = Buffer.concat([METHOD_AND_SCHEME, Buffer.of(0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62)]);
