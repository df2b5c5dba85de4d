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
import type { Stream } from '../connection/stream.ts';
import type { GrpcRefusal } from '../method.ts';
import type { RequestMetadata } from '../request/request-head.ts';
import { Incoming, type Message } from './incoming.ts';
import { dropUnsent, sendPart, sendRest } from './outgoing.ts';

export class StreamingCall<P> implements CallContext<P> {
  readonly stream: Stream<P>;
  readonly incoming: Incoming<P>;
  readonly #link: Connection<P>;
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

  constructor(link: Connection<P>, stream: Stream<P>, method: GrpcMethod<P>) {
    this.stream = stream;
    this.incoming = new Incoming(link, stream);
    this.#link = link;
    this.#method = method;
  }

  get connection(): P {
    return this.#link.peer;
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

  /** Since when the request should go on; -1 when it is whole, or need not. */
  get owedSince(): number {
    const { remoteClosed, openedAt } = this.stream;
    if (this.#method.kind !== 'bidi_streaming' && !remoteClosed) return openedAt;
    return this.incoming.partialSince;
  }

  /** It only waits, and would be missed by nobody. */
  get countsAsIdle(): boolean {
    return this.#method.countsAsIdle === true && this.stream.remoteClosed && this.stream.unsent === undefined;
  }

  /** Begins: with many requests at once, with one when that is here (`halfClosed`). */
  begin(): void {
    if (this.#link.drainingSince > 0) this.stop();
    if (this.#method.kind === 'bidi_streaming') void this.#run(this.#requests());
  }

  /** Takes the next bytes of the request. */
  data(bytes: Buffer, start: number, end: number): void {
    const refusal = this.incoming.take(bytes, start, end);
    if (refusal !== undefined) this.end(refusal);
    else if (this.#method.kind !== 'bidi_streaming' && this.incoming.waiting > 1) this.end(this.#badCount('a second'));
  }

  /** The peer has said all. */
  halfClosed(): void {
    this.incoming.end();
    if (this.#over) return;
    if (this.stream.body !== undefined)
      this.end({ status: grpcStatus.internal, message: 'Request ended in a message' });
    else if (this.#method.kind !== 'bidi_streaming') void this.#beginWithOne(this.incoming.takeNext());
  }

  /** Goes on sending. True: nothing waits any more. */
  goOn(): boolean {
    if (!sendRest(this.#link, this.stream)) return false;
    if (this.#ending !== undefined) this.#finish(this.#ending.refusal);
    this.#resumeHandler();
    return true;
  }

  /** The server stops: the handler is told, and the call ends with UNAVAILABLE when it ends. */
  stop(): void {
    if (this.#over) return;
    this.#stopped = true;
    this.#letGo();
  }

  /** Ends with a status; undefined is OK. What has not begun to be sent is not sent. */
  end(refusal: GrpcRefusal | undefined): void {
    if (this.#over || this.#ending !== undefined) return;
    if (this.stream.unsent !== undefined && this.stream.unsentAt > 0) {
      this.#ending = { refusal };
      this.#letGo();
    } else this.#finish(refusal);
  }

  /** Its stream is over, whoever ended it. */
  over(): void {
    this.#over = true;
    this.#letGo();
  }

  #letGo(): void {
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
    const inflation = await this.#link.lane.inflate(encoding === 'gzip' ? 'gzip' : 'deflate', () =>
      this.#over ? undefined : bytes,
    );
    if (this.#over) return undefined;
    if (inflation.ok) return inflation.message;
    if (inflation.tooLarge) this.end(tooLargeInflated(this.#link));
    else {
      this.#link.countHostile('inflate_failed');
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
      const { lane, peer } = this.#link;
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
    const link = this.#link;
    const bytes = this.#method.encode(message);
    if (this.#over || this.#ending !== undefined) return true;
    link.now = link.lane.now();
    if (!this.#headersSent) {
      this.#headersSent = true;
      link.lane.counts.calls += 1;
      writeHeaders(link, 0, this.stream.id, okHeaders);
    }
    link.calls += 1;
    const isSent = sendPart(link, this.stream, bytes);
    link.flushSoon();
    return isSent;
  }

  #finish(refusal: GrpcRefusal | undefined): void {
    const link = this.#link;
    link.now = link.lane.now();
    link.activeAt = link.now;
    dropUnsent(link, this.stream);
    sendEnd(link, this.stream, refusal, this.#headersSent);
    link.flushSoon();
  }

  #badCount(what: 'no' | 'a second'): GrpcRefusal {
    const kind = this.#method.kind.replace('_', ' ');
    const message = `Received ${what} request message for ${kind} method ${this.#method.path}`;
    return { status: grpcStatus.unimplemented, message };
  }
}
