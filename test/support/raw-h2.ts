/**
 * HTTP/2 said byte by byte, by nothing that the lane is made of: to say what no sound client would.
 * @module
 */
import { connect, type Socket } from 'node:net';

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** One frame. Types: 0 DATA, 1 HEADERS, 2 PRIORITY, 3 RST_STREAM, 4 SETTINGS, 6 PING, 7 GOAWAY, 8 WINDOW_UPDATE, 9 CONTINUATION. */
export function frame(type: number, flags: number, id: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function settings(...rows: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = rows.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), uint32(value)]));
  return frame(4, 0, 0, Buffer.concat(payload));
}

/** A literal field without indexing, its name spelled out; both parts below 127 bytes. */
export function literal(name: string, value: string): Buffer {
  return Buffer.from(
    `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
    'latin1',
  );
}

/** The header block of a gRPC call of `path`. */
export function callBlock(path: string, ...more: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat([
    Buffer.from([0x83, 0x86]), // :method POST, :scheme http
    literal(':path', path),
    literal('content-type', 'application/grpc'),
    ...more.map(([name, value]) => literal(name, value)),
  ]);
}

/** A message behind its gRPC prefix. */
export function grpcMessage(message: Uint8Array, compressed = 0): Buffer {
  return Buffer.concat([Buffer.from([compressed]), uint32(message.length), message]);
}

/** HEADERS and DATA of one whole call. */
export function wholeCall(id: number, path: string, message: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([frame(1, 4, id, callBlock(path)), frame(0, 1, id, grpcMessage(message))]);
}

/** Cuts what was received into frames; the rest is incomplete. */
export function cutFrames(bytes: Buffer): { frames: RawFrame[]; rest: Buffer } {
  const frames: RawFrame[] = [];
  let at = 0;
  while (bytes.length - at >= 9) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const id = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    frames.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, id, payload: bytes.subarray(at + 9, end) });
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

/** A connection to a server under test. */
export interface RawPeer extends Disposable {
  readonly socket: Socket;
  readonly frames: RawFrame[];
  /** Resolves when the server has closed, or the connection broke. */
  readonly closed: Promise<void>;
  isClosed(): boolean;
  send(...parts: readonly Uint8Array[]): void;
  /** Sends `part(0)`, `part(1)`, … as fast as the server reads, until it closes or `times` are sent. */
  pump(part: (round: number) => Uint8Array, times: number): Promise<void>;
  /** The first frame that fits, seen already or yet to come; rejects when the server closes before. */
  expect(fits: (frame: RawFrame) => boolean): Promise<RawFrame>;
}

/** Connects, and says the preface and SETTINGS unless told not to. */
export async function connectRaw(
  port: number,
  greeting: Uint8Array = Buffer.concat([preface, settings()]),
  localAddress = '127.0.0.1',
): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, localAddress });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => {});
  const frames: RawFrame[] = [];
  const waiting = new Set<() => void>();
  let rest: Buffer = Buffer.alloc(0);
  let closed = false;
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  socket.on('data', (chunk) => {
    const cut = cutFrames(Buffer.concat([rest, chunk]));
    rest = cut.rest;
    frames.push(...cut.frames);
    wake();
  });
  const whenClosed = new Promise<void>((resolve) => {
    const done = (): void => {
      closed = true;
      resolve();
      wake();
    };
    socket.once('end', done).once('close', done);
  });
  if (greeting.length > 0) socket.write(greeting);
  return {
    socket,
    frames,
    closed: whenClosed,
    isClosed: () => closed,
    send: (...parts) => void socket.write(Buffer.concat(parts)),
    async pump(part, times) {
      for (let round = 0; round < times && !closed && socket.writable; round += 1) {
        if (socket.write(part(round))) continue;
        await Promise.race([new Promise<void>((resolve) => socket.once('drain', resolve)), whenClosed]);
      }
    },
    expect: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = frames.find(fits);
          if (found === undefined && !closed) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error('the server closed before it sent what was expected'));
        };
        waiting.add(look);
        look();
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
