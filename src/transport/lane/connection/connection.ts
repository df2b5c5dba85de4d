/**
 * One HTTP/2 connection: what it knows, how its streams and itself end.
 * What each frame does stands in `on-*.ts`; how replies are written, in `reply.ts`; what time does, in `sweep.ts`.
 * @module
 */
import type { Duplex } from 'node:stream';
import type { GrpcMethod } from '../../grpc-methods.ts';
import type { Owner } from '../../shares.ts';
import type { HostileKind } from '../counts.ts';
import { type Fault, fault, type Outcome } from '../fault.ts';
import { dispatch } from '../frames/dispatch.ts';
import { resumeBlocked } from '../frames/on-window-update.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { LaneMethod } from '../method.ts';
import { HeadCache } from '../request/head-cache.ts';
import type { HeaderBlock } from '../request/header-block.ts';
import { type FrameSink, FrameSplitter } from '../wire/frame-splitter.ts';
import { matchPreface } from '../wire/preface.ts';
import {
  CLIENT_PREFACE,
  DEFAULT_WINDOW,
  type H2Error,
  HEADER_TABLE_SIZE,
  h2Error,
  MAX_STREAM_ID,
} from '../wire/protocol.ts';
import { writeGoaway, writePing, writeRstStream, writeSettings, writeWindowUpdate } from '../wire/write-frames.ts';
import { Allowance, type AllowanceKind } from './allowance.ts';
import { openInput } from './input.ts';
import { Output } from './output.ts';
import { PastStreams } from './past-streams.ts';
import type { Shared } from './shared.ts';
import type { Stream } from './stream.ts';

/** Where a connection stands. `greeting` until the client's first SETTINGS, `closing` once nothing is read any more. */
export type Phase = 'greeting' | 'open' | 'closing';

const DRAIN_PING = Buffer.from('draining', 'latin1');

export class Connection<P> implements FrameSink {
  readonly lane: Shared<P>;
  readonly peer: P;
  readonly owner: Owner;
  readonly socket: Duplex;
  readonly out: Output;
  readonly decoder: HpackDecoder;
  readonly heads = new HeadCache<LaneMethod<P>, GrpcMethod<P>>();
  readonly streams = new Map<number, Stream<P>>();
  /** Streams whose reply waits for the peer's windows, oldest first. */
  readonly blocked = new Set<Stream<P>>();
  readonly splitter: FrameSplitter;
  readonly openedAt: number;
  phase: Phase = 'greeting';
  /** Time of the chunk or sweep that is being worked on. */
  now: number;
  activeAt: number;
  closingAt = 0;
  /** Calls answered with a message, and full frames of large replies: what a peer brings, and earns allowances by. */
  calls = 0;
  frames = 0;
  sendWindow = DEFAULT_WINDOW;
  peerStreamWindow = DEFAULT_WINDOW;
  receiveWindow: number;
  readonly past = new PastStreams();
  settingsAckDue = true;
  /** The peer keeps a smaller table for our header blocks than the standard's: the next one has to say that it uses none. */
  tableUpdateDue = false;
  /** That was said: no table is used, and none has to be given up again. */
  tableGivenUp = false;
  /** The header block that waits for CONTINUATION. */
  block: HeaderBlock | undefined;
  held = 0;
  unread = 0;
  unreadSince = 0;
  congested = false;
  drainingSince = 0;
  /** When a connection that drains is closed, whatever is under way. */
  drainUntil = 0;
  /** Sequence of the frame that is incomplete, and since when. */
  partialFrame = -1;
  partialSince = 0;
  readonly #allowance = new Allowance();
  readonly #gone: () => void;
  #prefaceSeen = 0;
  #flushQueued = false;

  /** @param gone  called once, when the socket is closed */
  constructor(lane: Shared<P>, socket: Duplex, peer: P, owner: Owner, gone: () => void) {
    this.lane = lane;
    this.peer = peer;
    this.owner = owner;
    this.socket = openInput(socket, lane.input, (bytes) => this.#read(bytes));
    this.#gone = gone;
    this.out = new Output(this.socket, lane.outputs);
    this.decoder = new HpackDecoder(HEADER_TABLE_SIZE, lane.limits.headerBlockBytes);
    this.splitter = new FrameSplitter(this);
    this.receiveWindow = lane.limits.connectionWindow;
    this.now = lane.now();
    this.openedAt = this.now;
    this.activeAt = this.now;
    this.socket.on('drain', () => this.#drained());
    this.socket.on('end', () => this.close());
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', () => this.#closed());
  }

  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    this.frames += 1;
    const outcome = dispatch(this, type, flags, streamId, bytes, start, end);
    if (outcome !== undefined) this.fail(outcome);
    return this.phase !== 'closing' && this.out.unread <= this.lane.limits.unreadBytesPerConnection;
  }

  frameTooLong(): void {
    this.fail(fault(h2Error.frameSize, 'frame_size', 'frame above SETTINGS_MAX_FRAME_SIZE'));
  }

  /** Ends a stream whose reply has been written whole. */
  finish(stream: Stream<P>): void {
    if (!stream.remoteClosed) {
      writeRstStream(this.out, stream.id, h2Error.none);
      this.past.rememberReset(stream.id);
    }
    this.forget(stream);
  }

  /** Ends a stream, or refuses one, for a fault of the peer's. Faults that come too often end the connection. */
  reset(streamId: number, code: H2Error, kind: HostileKind): Outcome {
    this.countHostile(kind);
    this.lane.counts.resetsSent += 1;
    const stream = this.streams.get(streamId);
    if (stream !== undefined) this.forget(stream);
    writeRstStream(this.out, streamId, code);
    this.past.rememberReset(streamId);
    return this.spend(kind === 'refused_streams' ? 'refused_streams' : 'provoked_resets');
  }

  /** Drops a stream without a word. */
  forget(stream: Stream<P>): void {
    this.streams.delete(stream.id);
    if (stream.unsent !== undefined) this.blocked.delete(stream);
    this.held -= stream.held;
    this.lane.held -= stream.held;
    stream.held = 0;
    stream.body = undefined;
    if (stream.call !== undefined) stream.call.over();
  }

  /** Adds a stream that HEADERS opened. */
  open(stream: Stream<P>): void {
    this.streams.set(stream.id, stream);
    this.hold(stream, stream.head.bytes);
  }

  /** Takes one of what the peer may do only so often. */
  spend(kind: AllowanceKind): Outcome {
    return this.#allowance.spend(kind, this.now, this.calls) ? undefined : fault(h2Error.enhanceYourCalm, kind, kind);
  }

  countHostile(kind: HostileKind): void {
    this.lane.counts.hostile[kind] += 1;
  }

  hold(stream: Stream<P>, size: number): void {
    stream.held += size;
    this.held += size;
    this.lane.held += size;
  }

  /** Lets go of a request's body once it is answered. */
  releaseBody(stream: Stream<P>): void {
    if (stream.body === undefined) return;
    this.hold(stream, -stream.body.length);
    stream.body = undefined;
  }

  /** Whether `size` bytes more may be held. When all connections together hold too much, the one that holds most has to give. */
  mayHold(size: number): boolean {
    const { heldBytes, heldBytesPerConnection } = this.lane.limits;
    if (this.held + size > heldBytesPerConnection) return false;
    return this.lane.held + size <= heldBytes || this.lane.makeRoom(this, size);
  }

  /** Resets streams, those that hold most first, until `size` bytes are free. */
  shed(size: number): void {
    const enough = this.held - size;
    const heaviest = [...this.streams.values()].sort((a, b) => b.held - a.held);
    for (const stream of heaviest) {
      if (this.held <= enough || this.phase === 'closing') break;
      const outcome = this.reset(stream.id, h2Error.enhanceYourCalm, 'held_bytes');
      if (outcome !== undefined) this.fail(outcome);
    }
    this.flushSoon();
  }

  /** Ends the connection for a fault: GOAWAY, what is gathered is sent, nothing more is read (RFC 9113 §5.4.1). */
  fail({ code, kind, text }: Fault): void {
    if (this.phase === 'closing') return;
    this.countHostile(kind);
    writeGoaway(this.out, this.past.lastId, code, text);
    this.close();
  }

  /** Ends the connection: what is gathered is sent, nothing more is read. */
  close(): void {
    if (this.phase === 'closing') return;
    this.phase = 'closing';
    this.closingAt = this.now;
    this.#letGo();
    this.out.flush();
    this.socket.end();
    this.socket.resume();
  }

  /** Begins to say goodbye: the peer is told, and told the last stream once what is under way has arrived (RFC 9113 §6.8). */
  drain(graceMs: number): void {
    if (this.phase === 'closing' || this.drainingSince > 0) return;
    this.now = this.lane.now();
    this.drainingSince = this.now;
    this.drainUntil = this.now + graceMs;
    if (this.phase === 'greeting') {
      // What it may have sent by now is not read: told so, it can ask elsewhere.
      if (this.#prefaceSeen < CLIENT_PREFACE.length) this.#writePreface();
      writeGoaway(this.out, 0, h2Error.none, 'draining');
      this.close();
      return;
    }
    writeGoaway(this.out, MAX_STREAM_ID, h2Error.none, 'draining');
    writePing(this.out, 0, DRAIN_PING);
    this.settle();
  }

  /** Names the last stream, and closes as soon as all up to it are answered. */
  drainNow(): void {
    if (this.past.lastAcceptedId !== MAX_STREAM_ID || this.phase === 'closing') return;
    this.past.lastAcceptedId = this.past.lastId;
    writeGoaway(this.out, this.past.lastId, h2Error.none, 'draining');
  }

  /** Ends the calls of streaming methods, which would not end by themselves. */
  stopCalls(): void {
    for (const stream of [...this.streams.values()]) stream.call?.stop();
  }

  /** Whether `bytes[start, start + 8)` answers the PING of `drain`. */
  isDrainPing(bytes: Buffer, start: number): boolean {
    return this.drainingSince > 0 && DRAIN_PING.equals(bytes.subarray(start, start + 8));
  }

  /** Writes what has been gathered after this tick's other answers. */
  flushSoon(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    process.nextTick(() => {
      this.#flushQueued = false;
      this.settle();
    });
  }

  /** Sends what was gathered, and sees to what follows from it. */
  settle(): void {
    const drained = this.past.lastAcceptedId !== MAX_STREAM_ID && this.streams.size === 0;
    if (drained) this.close();
    this.out.flush();
    this.noteUnread();
    if (this.streams.size > 0) this.lane.soon();
  }

  /** Compares what the socket still holds with what it held, and stops reading while it is too much. */
  noteUnread(): void {
    if (this.socket.destroyed) return;
    const { limits } = this.lane;
    const unread = this.socket.writableLength;
    this.out.unread = unread;
    if (unread === 0 && this.unread === 0) return;
    if (unread < this.unread || this.unread === 0) this.unreadSince = this.now;
    this.lane.unread += unread - this.unread;
    this.unread = unread;
    if (unread > 0) this.lane.soon();
    if (this.lane.unread > limits.unreadBytes) this.lane.shedUnread();
    if (unread > limits.unreadBytesPerConnection && !this.congested && this.phase !== 'closing') {
      this.congested = true;
      this.socket.pause();
    }
  }

  /** Destroys the socket at once: the peer reads nothing, so that there is nothing to say. */
  abandon(kind: HostileKind): void {
    this.countHostile(kind);
    this.phase = 'closing';
    this.#letGo();
    this.#forgetUnread();
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.phase === 'closing') return;
    this.now = this.lane.now();
    this.activeAt = this.now;
    try {
      if (this.#prefaceSeen < CLIENT_PREFACE.length) this.#greet(chunk);
      else this.splitter.push(chunk);
      this.#goOn();
    } catch (thrown) {
      this.#broke(thrown);
    }
    if (!this.splitter.midFrame) this.partialFrame = -1;
    else if (this.partialFrame !== this.frames) {
      this.partialFrame = this.frames;
      this.partialSince = this.now;
    }
  }

  /** Waits for the client's preface, then sends ours. */
  #greet(chunk: Buffer): void {
    const match = matchPreface(chunk, this.#prefaceSeen);
    if (match.wrong !== undefined) {
      this.countHostile('not_http2');
      if (match.wrong.length > 0) this.socket.write(match.wrong);
      else writeGoaway(this.out, 0, h2Error.protocol, 'no HTTP/2 preface');
      this.close();
      return;
    }
    this.#prefaceSeen += match.length;
    if (this.#prefaceSeen < CLIENT_PREFACE.length) return;
    this.#writePreface();
    if (match.length < chunk.length) this.splitter.push(chunk.subarray(match.length));
  }

  #writePreface(): void {
    const { concurrentStreams, streamWindow, headerListBytes, connectionWindow } = this.lane.limits;
    writeSettings(this.out, concurrentStreams, streamWindow, headerListBytes);
    writeWindowUpdate(this.out, 0, connectionWindow - DEFAULT_WINDOW);
  }

  #drained(): void {
    this.now = this.lane.now();
    this.noteUnread();
    if (this.out.unread > this.lane.limits.unreadBytesPerConnection) return;
    try {
      if (this.blocked.size > 0) resumeBlocked(this);
      if (this.congested) {
        this.congested = false;
        this.socket.resume();
        this.splitter.resume();
      }
      this.#goOn();
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  /** Ends the connection for a fault of ours. */
  #broke(thrown: unknown): void {
    this.lane.counts.handlerFailures += 1;
    this.lane.failed(thrown);
    this.fail(fault(h2Error.internal, 'frame_invalid', 'internal error'));
  }

  /** Sends what was gathered. Frames that had to wait for that are worked on as long as the peer reads what they bring. */
  #goOn(): void {
    this.settle();
    while (this.splitter.isStopped && !this.congested) {
      this.splitter.resume();
      this.settle();
    }
  }

  /** Lets go of everything that counts. */
  #letGo(): void {
    this.splitter.stop();
    this.block = undefined;
    this.lane.held -= this.held;
    this.held = 0;
    const streams = [...this.streams.values()];
    this.streams.clear();
    this.blocked.clear();
    for (const stream of streams) {
      stream.body = undefined;
      stream.call?.over();
    }
  }

  #closed(): void {
    this.phase = 'closing';
    this.#letGo();
    this.#forgetUnread();
    this.#gone();
  }

  #forgetUnread(): void {
    this.lane.unread -= this.unread;
    this.unread = 0;
  }
}
