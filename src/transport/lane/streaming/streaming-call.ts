/**
 * One call of a GrpcMethod: gives its handler the messages that come, sends those that it yields, ends with its status.
 *
 * A call is its handler's context, too, so that one that waits costs little.
 * @module
 */
import { asGatehouseError, GatehouseError, grpcStatus } from '../../../errors.ts';
import type { CallContext, GrpcMethod } from '../../grpc-methods.ts';
import { statusOf } from '../../grpc-status.ts';
import { tooLargeInflated } from '../calls/body.ts';
import { okHeaders, sendEnd, writeHeaders } from '../calls/reply.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream, StreamCall } from '../connection/stream.ts';
import type { GrpcRefusal } from '../method.ts';
import type { RequestMetadata } from '../request/request-head.ts';
import { Incoming, type Message } from './incoming.ts';
import { dropUnsent, sendPart, sendRest } from './outgoing.ts';

/** Begins a call of `method` on a stream that was just opened. */
export function openCall<P>(connection: Connection<P>, stream: Stream<P>, method: GrpcMethod<P>): void {
  const call = new StreamingCall(connection, stream, method);
  stream.call = call;
  call.begin();
}

class StreamingCall<P> implements CallContext<P>, StreamCall {
  readonly stream: Stream<P>;
  readonly incoming: Incoming<P>;
  readonly #connection: Connection<P>;
  readonly #method: GrpcMethod<P>;
  #abort: AbortController | undefined;
  #headersSent = false;
  /** The server stops: what the handler still yields is not sent. */
  #stopped = false;
  /** Nothing can be sent any more. */
  #over = false;
  /** How it ends, once the message that has begun is out. */
  #ending: { readonly refusal: GrpcRefusal | undefined } | undefined;
  /** Lets the handler go on that waits for the peer to read. */
  #resume: (() => void) | undefined;

  constructor(connection: Connection<P>, stream: Stream<P>, method: GrpcMethod<P>) {
    this.stream = stream;
    this.incoming = new Incoming(connection, stream);
    this.#connection = connection;
    this.#method = method;
  }

  get connection(): P {
    return this.#connection.peer;
  }

  get metadata(): RequestMetadata {
    return this.stream.head.metadata;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#over || this.#stopped) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  get incompleteAt(): number {
    const { remoteClosed, openedAt } = this.stream;
    if (this.#method.kind !== 'bidi_streaming' && !remoteClosed) return openedAt;
    return this.incoming.incompleteAt;
  }

  get countsAsIdle(): boolean {
    return this.#method.countsAsIdle === true && this.stream.remoteClosed && this.stream.unsent === undefined;
  }

  /** Begins: with many requests at once, with one when that is here (`halfClosed`). */
  begin(): void {
    if (this.#connection.drain !== undefined) this.stop();
    if (this.#method.kind === 'bidi_streaming') void this.#run(this.#requests());
  }

  receive(bytes: Buffer, start: number, end: number): void {
    const refusal = this.incoming.take(bytes, start, end);
    if (refusal !== undefined) this.end(refusal);
    else if (this.#method.kind !== 'bidi_streaming' && this.incoming.waiting > 1) this.end(this.#badCount('a second'));
  }

  halfClosed(): void {
    this.incoming.end();
    if (this.#over) return;
    if (this.stream.body !== undefined)
      this.end({ status: grpcStatus.internal, message: 'Request ended in a message' });
    else if (this.#method.kind !== 'bidi_streaming') void this.#beginWithOne(this.incoming.takeNext());
  }

  resume(): boolean {
    if (!sendRest(this.#connection, this.stream)) return false;
    if (this.#ending !== undefined) this.#finish(this.#ending.refusal);
    this.#resumeHandler();
    return true;
  }

  stop(): void {
    if (this.#over) return;
    this.#stopped = true;
    this.#wakeHandler();
  }

  end(refusal: GrpcRefusal | undefined): void {
    if (this.#over || this.#ending !== undefined) return;
    if (this.stream.unsent !== undefined && this.stream.unsentOffset > 0) {
      this.#ending = { refusal };
      this.#wakeHandler();
    } else this.#finish(refusal);
  }

  streamEnded(): void {
    this.#over = true;
    this.#wakeHandler();
  }

  /** Whatever the handler waits for, it need not. */
  #wakeHandler(): void {
    this.#abort?.abort();
    this.incoming.end();
    this.#resumeHandler();
  }

  #resumeHandler(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  async #beginWithOne(message: Message | undefined): Promise<void> {
    if (message === undefined) return this.end(this.#badCount('no'));
    const bytes = await this.#plain(message);
    const request = bytes && this.#decode(bytes);
    if (request !== undefined) await this.#run(request);
  }

  async *#requests(): AsyncGenerator<unknown> {
    for (;;) {
      const message = await this.incoming.next();
      const bytes = message && (await this.#plain(message));
      const request = bytes && this.#decode(bytes);
      if (request === undefined) return;
      yield request;
    }
  }

  /** The message, decompressed; undefined when the call has ended, for that or meanwhile. */
  async #plain({ bytes, isCompressed }: Message): Promise<Buffer | undefined> {
    if (!isCompressed) return bytes;
    const { encoding } = this.stream.head;
    const inflation = await this.#connection.lane.inflate(encoding === 'gzip' ? 'gzip' : 'deflate', () =>
      this.#over ? undefined : bytes,
    );
    if (this.#over) return undefined;
    if (inflation.ok) return inflation.message;
    if (inflation.tooLarge) this.end(tooLargeInflated(this.#connection));
    else {
      this.#connection.countHostile('inflate_failed');
      this.end({ status: grpcStatus.internal, message: 'Failed to decompress message' });
    }
    return undefined;
  }

  #decode(bytes: Buffer): unknown {
    try {
      return this.#method.decode(bytes);
    } catch {
      this.end({ status: grpcStatus.internal, message: 'Error deserializing request' });
      return undefined;
    }
  }

  /** @param input  one request, or all */
  async #run(input: unknown): Promise<void> {
    const method = this.#method;
    try {
      if (method.kind === 'unary') this.#send(await method.handle(input, this));
      else {
        const isOne = method.kind === 'server_streaming';
        const messages = isOne ? method.handle(input, this) : method.handle(input as AsyncIterable<unknown>, this); // from `begin`
        for await (const message of messages) {
          if (this.#over || this.#stopped) break;
          if (!this.#send(message)) await this.#sent();
        }
        if (this.#stopped) throw new GatehouseError('draining', 'the server is stopping');
      }
      this.end(undefined);
    } catch (thrown) {
      const { lane, peer } = this.#connection;
      const error = asGatehouseError(thrown);
      if (error.code === 'internal') lane.counts.handlerFailures += 1;
      lane.callFailed(method.path, error, peer);
      this.end(statusOf(error));
    }
  }

  /** Resolves when nothing waits for the peer any more, or never will be sent. */
  #sent(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  /** False: it waits for the peer. */
  #send(message: unknown): boolean {
    const connection = this.#connection;
    const bytes = this.#method.encode(message);
    if (this.#over || this.#ending !== undefined) return true;
    connection.advanceTo(connection.lane.now());
    if (!this.#headersSent) {
      this.#headersSent = true;
      connection.lane.counts.calls += 1;
      writeHeaders(connection, 0, this.stream.id, okHeaders);
    }
    connection.countAnswer();
    const isSent = sendPart(connection, this.stream, bytes);
    connection.flushSoon();
    return isSent;
  }

  #finish(refusal: GrpcRefusal | undefined): void {
    const connection = this.#connection;
    connection.advanceTo(connection.lane.now());
    connection.noteActivity();
    dropUnsent(connection, this.stream);
    sendEnd(connection, this.stream, refusal, this.#headersSent);
    connection.flushSoon();
  }

  #badCount(what: 'no' | 'a second'): GrpcRefusal {
    const kind = this.#method.kind.replace('_', ' ');
    const message = `Received ${what} request message for ${kind} method ${this.#method.path}`;
    return { status: grpcStatus.unimplemented, message };
  }
}
