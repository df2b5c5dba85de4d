/**
 * One HTTP/2 connection: what it knows, how its streams and itself end.
 * It acts on nothing that comes: `serve-connection.ts` does, by `frames/`; time does by `sweep.ts`.
 * @module
 */
import type { Duplex } from 'node:stream';
import type { Owner } from '../../shares.ts';
import type { HostileKind } from '../counts.ts';
import { Output } from '../wire/output.ts';
import { DEFAULT_WINDOW, type Fault, fault, type H2Error, h2Error, type Outcome } from '../wire/protocol.ts';
import { writeGoaway, writeRstStream, writeSettings, writeWindowUpdate } from '../wire/write-frames.ts';
import { Allowance, type AllowanceKind } from './allowance.ts';
import { FlowControl } from './flow-control.ts';
import { HeaderReader } from './header-reader.ts';
import { PastStreams } from './past-streams.ts';
import { PeerSettings } from './peer-settings.ts';
import type { Shared } from './shared.ts';
import type { Stream } from './stream.ts';
import { UnreadOutput } from './unread-output.ts';

/** Where a connection stands. `greeting` until the client's first SETTINGS, `closing` once nothing is read any more. */
export type Phase = 'greeting' | 'open' | 'closing';

/** A connection that says goodbye. Times are milliseconds of the lane's clock. */
export interface Drain {
  readonly startedAt: number;
  /** When it is closed, whatever is under way. */
  readonly deadlineAt: number;
}

/** One peer's connection, and what it holds. Its own fields are changed by its methods alone. */
export class Connection<P> {
  readonly lane: Shared<P>;
  readonly peer: P;
  readonly owner: Owner;
  readonly socket: Duplex;
  readonly out: Output;
  readonly unread: UnreadOutput;
  readonly flow: FlowControl;
  readonly headers: HeaderReader<P>;
  readonly settings = new PeerSettings();
  readonly past = new PastStreams();
  readonly openedAt: number;
  readonly #streams = new Map<number, Stream<P>>();
  readonly #blocked = new Set<Stream<P>>();
  readonly #allowance = new Allowance();
  readonly #ended: () => void;
  #phase: Phase = 'greeting';
  #isGreetingSent = false;
  #now: number;
  #activeAt: number;
  #closedAt = 0;
  #frameBegunAt = -1;
  #answers = 0;
  #held = 0;
  #drain: Drain | undefined;
  #isFlushQueued = false;

  /** @param ended  called when nothing is read any more; it may be more than once */
  constructor(lane: Shared<P>, socket: Duplex, peer: P, owner: Owner, ended: () => void) {
    this.lane = lane;
    this.peer = peer;
    this.owner = owner;
    this.socket = socket;
    this.#ended = ended;
    this.out = new Output(socket, lane.outputs);
    this.unread = new UnreadOutput(lane, socket, this.out);
    this.headers = new HeaderReader(lane.heads, lane.limits.headerBlockBytes);
    this.flow = new FlowControl(lane.limits.connectionWindow);
    this.#now = lane.now();
    this.openedAt = this.#now;
    this.#activeAt = this.#now;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Open streams by id. */
  get streams(): ReadonlyMap<number, Stream<P>> {
    return this.#streams;
  }

  /** Streams whose output waits for the peer, oldest first. */
  get blocked(): ReadonlySet<Stream<P>> {
    return this.#blocked;
  }

  /** Time of the chunk or sweep that is being worked on. */
  get now(): number {
    return this.#now;
  }

  /** When something came last, or a call of a GrpcMethod ended. */
  get activeAt(): number {
    return this.#activeAt;
  }

  /** When it began to close. */
  get closedAt(): number {
    return this.#closedAt;
  }

  /** Since when a frame is incomplete; -1 while none is. */
  get frameBegunAt(): number {
    return this.#frameBegunAt;
  }

  /** Messages, and full frames of large ones, that were sent: what a peer's calls bring, and earn allowances by. */
  get answers(): number {
    return this.#answers;
  }

  /** Bytes held of unfinished requests and unsent replies. */
  get held(): number {
    return this.#held;
  }

  get drain(): Drain | undefined {
    return this.#drain;
  }

  /** Sets the time to work with. */
  advanceTo(now: number): void {
    this.#now = now;
  }

  /** Takes note that something happened at `now`, so that it is not idle since before. */
  noteActivity(): void {
    this.#activeAt = this.#now;
  }

  /** @param begunAt  -1: none is */
  noteIncompleteFrame(begunAt: number): void {
    this.#frameBegunAt = begunAt;
  }

  /** Counts a message, or a full frame of a large one. */
  countAnswer(): void {
    this.#answers += 1;
  }

  countHostile(kind: HostileKind): void {
    this.lane.counts.hostile[kind] += 1;
  }

  /** Takes one of what the peer may do only so often. */
  spend(kind: AllowanceKind): Outcome {
    return this.#allowance.spend(kind, this.#now, this.#answers)
      ? undefined
      : fault(h2Error.enhanceYourCalm, kind, kind);
  }

  /** Writes our SETTINGS, unless that was done (RFC 9113 §3.4). */
  greet(): void {
    if (this.#isGreetingSent) return;
    this.#isGreetingSent = true;
    const { concurrentStreams, streamWindow, headerListBytes, connectionWindow } = this.lane.limits;
    writeSettings(this.out, concurrentStreams, streamWindow, headerListBytes);
    writeWindowUpdate(this.out, 0, connectionWindow - DEFAULT_WINDOW);
  }

  /** Takes note of the client's first SETTINGS. */
  noteGreeted(): void {
    this.#phase = 'open';
  }

  /** Takes note that the connection is to end as `drain` says. */
  noteDrain(drain: Drain): void {
    this.#drain = drain;
  }

  /** Adds a stream that HEADERS opened. */
  addStream(stream: Stream<P>): void {
    this.#streams.set(stream.id, stream);
    this.hold(stream, stream.head.bytes);
  }

  /** Ends a stream whose reply has been written whole. */
  finishStream(stream: Stream<P>): void {
    if (!stream.remoteClosed) {
      writeRstStream(this.out, stream.id, h2Error.none);
      this.past.rememberReset(stream.id);
    }
    this.removeStream(stream);
  }

  /** Ends a stream, or refuses one, for a fault of the peer's. Faults that come too often end the connection. */
  resetStream(streamId: number, code: H2Error, kind: HostileKind): Outcome {
    this.countHostile(kind);
    this.lane.counts.resetsSent += 1;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.removeStream(stream);
    writeRstStream(this.out, streamId, code);
    this.past.rememberReset(streamId);
    return this.spend(kind === 'refused_streams' ? 'refused_streams' : 'provoked_resets');
  }

  /** Removes a stream; nothing is written. */
  removeStream(stream: Stream<P>): void {
    this.#streams.delete(stream.id);
    if (stream.unsent !== undefined) this.#blocked.delete(stream);
    this.#held -= stream.held;
    this.lane.held -= stream.held;
    stream.held = 0;
    stream.body = undefined;
    if (stream.call !== undefined) stream.call.streamEnded();
  }

  /** Lets the output of a stream wait for the peer. */
  block(stream: Stream<P>): void {
    this.#blocked.add(stream);
  }

  unblock(stream: Stream<P>): void {
    this.#blocked.delete(stream);
  }

  /** Counts `size` bytes more towards what the stream makes us hold; less when negative. */
  hold(stream: Stream<P>, size: number): void {
    stream.held += size;
    this.#held += size;
    this.lane.held += size;
  }

  /** Whether `size` bytes more may be held. When all connections together hold too much, the one that holds most has to give. */
  mayHold(size: number): boolean {
    const { heldBytes, heldBytesPerConnection } = this.lane.limits;
    if (this.#held + size > heldBytesPerConnection) return false;
    return this.lane.held + size <= heldBytes || this.lane.makeRoom(this, size);
  }

  /** Writes what has been gathered after this tick's other answers. */
  flushSoon(): void {
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    process.nextTick(() => {
      this.#isFlushQueued = false;
      this.flush();
    });
  }

  /** Sends what was gathered, and closes when the last stream that a drain lets in has ended. */
  flush(): void {
    if (this.past.isLastNamed && this.#streams.size === 0) this.close();
    this.out.flush();
    this.unread.note(this.#now, this.#phase === 'closing');
    if (this.#streams.size > 0) this.lane.soon();
  }

  /** Ends the connection for a fault: GOAWAY, what is gathered is sent, nothing more is read (RFC 9113 §5.4.1). */
  fail({ code, kind, text }: Fault): void {
    if (this.#phase === 'closing') return;
    this.countHostile(kind);
    writeGoaway(this.out, this.past.lastId, code, text);
    this.close();
  }

  /** Ends the connection: what is gathered is sent, nothing more is read. */
  close(): void {
    if (this.#phase === 'closing') return;
    this.#phase = 'closing';
    this.#closedAt = this.#now;
    this.#releaseAll();
    this.out.flush();
    this.socket.end();
    this.socket.resume();
  }

  /** Destroys the socket at once: the peer reads nothing, so that there is nothing to say. */
  abandon(kind: HostileKind): void {
    this.countHostile(kind);
    this.noteClosed();
    this.socket.destroy();
  }

  /** Takes note that the socket is closed, or is about to be. */
  noteClosed(): void {
    this.#phase = 'closing';
    this.#releaseAll();
    this.unread.release();
  }

  /** Lets go of everything that counts. */
  #releaseAll(): void {
    this.#ended();
    this.headers.closeBlock();
    this.lane.held -= this.#held;
    this.#held = 0;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#blocked.clear();
    for (const stream of streams) {
      stream.body = undefined;
      stream.call?.streamEnded();
    }
  }
}
