/**
 * Serves one connection: reads the client's preface and frames, and acts on them.
 * @module
 */
import type { Duplex } from 'node:stream';
import type { Owner } from '../shares.ts';
import { Connection } from './connection/connection.ts';
import type { Shared } from './connection/shared.ts';
import { dispatch } from './frames/dispatch.ts';
import { resumeBlocked } from './frames/on-window-update.ts';
import type { Frame } from './wire/frame.ts';
import { type FrameSink, FrameSplitter } from './wire/frame-splitter.ts';
import { openInput } from './wire/input.ts';
import { matchPreface } from './wire/preface.ts';
import { CLIENT_PREFACE, fault, h2Error } from './wire/protocol.ts';
import { writeGoaway } from './wire/write-frames.ts';

/**
 * Begins to serve a connection.
 *
 * @param socket  belongs to the connection from here on
 * @param gone    called once, when the socket is closed
 */
export function serveConnection<P>(
  lane: Shared<P>,
  socket: Duplex,
  peer: P,
  owner: Owner,
  gone: (connection: Connection<P>) => void,
): Connection<P> {
  const { connection } = new ConnectionServer(lane, socket, peer, owner, gone);
  return connection;
}

const nothing = Buffer.alloc(0);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What happens to one socket, and what its connection does for it. */
class ConnectionServer<P> implements FrameSink {
  readonly connection: Connection<P>;
  readonly #splitter = new FrameSplitter(this);
  readonly #frame: Mutable<Frame> = { type: 0, flags: 0, streamId: 0, bytes: nothing, start: 0, end: 0 };
  #prefaceSeen = 0;
  /** How many frames came, and how many had when the one began that is incomplete. */
  #frames = 0;
  #incompleteFrame = -1;

  constructor(lane: Shared<P>, socket: Duplex, peer: P, owner: Owner, gone: (connection: Connection<P>) => void) {
    const own = openInput(socket, lane.input, (bytes) => this.#read(bytes));
    const connection = new Connection(lane, own, peer, owner, () => this.#splitter.stop());
    this.connection = connection;
    own.on('drain', () => this.#drained());
    own.on('end', () => connection.close());
    own.on('error', () => own.destroy());
    own.on('close', () => {
      connection.noteClosed();
      gone(connection);
    });
  }

  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    const { connection } = this;
    const frame = this.#frame;
    this.#frames += 1;
    frame.type = type;
    frame.flags = flags;
    frame.streamId = streamId;
    frame.bytes = bytes;
    frame.start = start;
    frame.end = end;
    const outcome = dispatch(connection, frame);
    frame.bytes = nothing; // a connection that waits keeps no chunk
    if (outcome !== undefined) connection.fail(outcome);
    return connection.phase !== 'closing' && !connection.unread.isTooMuch;
  }

  frameTooLong(): void {
    this.connection.fail(fault(h2Error.frameSize, 'frame_size', 'frame above SETTINGS_MAX_FRAME_SIZE'));
  }

  #read(chunk: Buffer): void {
    const { connection } = this;
    if (connection.phase === 'closing') return;
    connection.advanceTo(connection.lane.now());
    connection.noteActivity();
    try {
      if (this.#prefaceSeen < CLIENT_PREFACE.length) this.#greet(chunk);
      else this.#splitter.push(chunk);
      this.#goOn();
    } catch (thrown) {
      this.#broke(thrown);
    }
    this.#noteIncompleteFrame();
  }

  /** Waits for the client's preface, then sends ours. */
  #greet(chunk: Buffer): void {
    const { connection } = this;
    const match = matchPreface(chunk, this.#prefaceSeen);
    if (match.wrong !== undefined) {
      connection.countHostile('not_http2');
      if (match.wrong.length > 0) connection.socket.write(match.wrong);
      else writeGoaway(connection.out, 0, h2Error.protocol, 'no HTTP/2 preface');
      connection.close();
      return;
    }
    this.#prefaceSeen += match.length;
    if (this.#prefaceSeen < CLIENT_PREFACE.length) return;
    connection.greet();
    if (match.length < chunk.length) this.#splitter.push(chunk.subarray(match.length));
  }

  /** The peer has read what it left. */
  #drained(): void {
    const { connection } = this;
    connection.advanceTo(connection.lane.now());
    connection.unread.note(connection.now, connection.phase === 'closing');
    if (connection.unread.isTooMuch) return;
    try {
      if (connection.blocked.size > 0) resumeBlocked(connection);
      if (connection.unread.readAgain()) this.#splitter.resume();
      this.#goOn();
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  /** Sends what was gathered. Frames that had to wait for that are worked on as long as the peer reads what they bring. */
  #goOn(): void {
    const { connection } = this;
    connection.flush();
    while (this.#splitter.isStopped && !connection.unread.isCongested) {
      this.#splitter.resume();
      connection.flush();
    }
  }

  /** Ends the connection for a fault of ours. */
  #broke(thrown: unknown): void {
    const { lane } = this.connection;
    lane.counts.handlerFailures += 1;
    lane.failed(thrown);
    this.connection.fail(fault(h2Error.internal, 'frame_invalid', 'internal error'));
  }

  #noteIncompleteFrame(): void {
    if (!this.#splitter.midFrame) {
      this.#incompleteFrame = -1;
      this.connection.noteIncompleteFrame(-1);
    } else if (this.#incompleteFrame !== this.#frames) {
      this.#incompleteFrame = this.#frames;
      this.connection.noteIncompleteFrame(this.connection.now);
    }
  }
}
