/**
 * The messages of one call's request: put together from DATA, wherever that was cut, and kept until the handler takes them.
 *
 * The peer's window is given back for what was taken and for the message that is incomplete, so what it can make us keep is one
 * window and one message, and no more than a thousand of them; all of it counts towards the bytes held.
 * @module
 */
import { announcedIn, growBody, MESSAGE_PREFIX, tooLarge, tooMuchHeld } from '../calls/body.ts';
import { notInflatable } from '../calls/call.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream } from '../connection/stream.ts';
import type { GrpcRefusal } from '../method.ts';
import { uint32, writeWindowUpdate } from '../wire/write-frames.ts';

/** A whole message. */
export interface Message {
  readonly bytes: Buffer;
  readonly isCompressed: boolean;
  /** What it counts towards the bytes held. */
  readonly held: number;
}

/** What a message counts besides its bytes. */
const MESSAGE_BYTES = 128;
/** Of empty messages a window lets thousands in, and each costs more here than on the wire. */
const MOST_WAITING = 1_000;
const nothing = Buffer.alloc(0);

/** The messages of one call that its handler has not taken. */
export class Incoming<P> {
  /** Since when a message is incomplete; -1 while none is. */
  incompleteAt = -1;
  readonly #connection: Connection<P>;
  readonly #stream: Stream<P>;
  readonly #messages: Message[] = [];
  /** Bytes on the wire of the messages that wait. */
  #waitingBytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(connection: Connection<P>, stream: Stream<P>) {
    this.#connection = connection;
    this.#stream = stream;
  }

  /** How many messages wait. */
  get waiting(): number {
    return this.#messages.length;
  }

  /** Takes the next bytes of the request. Returns a refusal when they may not be taken. */
  take(bytes: Buffer, start: number, end: number): GrpcRefusal | undefined {
    let at = start;
    while (at < end) {
      const length = this.#stream.body === undefined ? wholeMessageAt(bytes, at, end) : -1;
      const to = length >= 0 ? at + MESSAGE_PREFIX + length : this.#partEnd(at, end);
      const refusal = length >= 0 ? this.#takeWhole(bytes, at, to) : this.#takePart(bytes, at, to);
      if (refusal !== undefined) return refusal;
      at = to;
    }
    if (this.#stream.body === undefined) this.incompleteAt = -1;
    else if (this.incompleteAt < 0) this.incompleteAt = this.#connection.now;
    this.#credit();
    this.#wakeUp();
    return undefined;
  }

  /** No more will come. */
  end(): void {
    this.#ended = true;
    this.#wakeUp();
  }

  /** The next message; undefined when there will be none. */
  async next(): Promise<Message | undefined> {
    while (this.#messages.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.takeNext();
  }

  /** The next message; undefined while there is none. */
  takeNext(): Message | undefined {
    const message = this.#messages.shift();
    if (message === undefined || this.#stream.held === 0) return message;
    this.#connection.hold(this.#stream, -message.held);
    this.#waitingBytes -= MESSAGE_PREFIX + message.bytes.length;
    this.#credit();
    this.#connection.flushSoon();
    return message;
  }

  #takeWhole(bytes: Buffer, start: number, end: number): GrpcRefusal | undefined {
    const refusal = this.#refusalOf(bytes, start);
    if (refusal !== undefined) return refusal;
    const held = end - start + MESSAGE_BYTES;
    if (this.#messages.length === MOST_WAITING || !this.#connection.mayHold(held)) return tooMuchHeld(this.#connection);
    this.#connection.hold(this.#stream, held);
    const from = start + MESSAGE_PREFIX;
    this.#keep(from === end ? nothing : Buffer.from(bytes.subarray(from, end)), bytes[start]!, held);
    return undefined;
  }

  /** How much of `[start, end)` belongs to the message that is incomplete: its prefix first. */
  #partEnd(start: number, end: number): number {
    const { body, bodyFilled } = this.#stream;
    const whole = MESSAGE_PREFIX + (bodyFilled < MESSAGE_PREFIX ? 0 : uint32(body!, 1));
    return Math.min(end, start + whole - bodyFilled);
  }

  #takePart(bytes: Buffer, start: number, end: number): GrpcRefusal | undefined {
    const stream = this.#stream;
    const filled = stream.bodyFilled + (end - start);
    if (!growBody(this.#connection, stream, filled, announcedIn(stream, bytes, start, end)))
      return tooMuchHeld(this.#connection);
    const body = stream.body!;
    bytes.copy(body, stream.bodyFilled, start, end);
    stream.bodyFilled = filled;
    if (filled < MESSAGE_PREFIX) return undefined;
    const refusal = this.#refusalOf(body, 0);
    if (refusal !== undefined || filled < MESSAGE_PREFIX + uint32(body, 1)) return refusal;
    stream.body = undefined;
    stream.bodyFilled = 0;
    this.#connection.hold(stream, MESSAGE_BYTES);
    this.#keep(body.subarray(MESSAGE_PREFIX, filled), body[0]!, body.length + MESSAGE_BYTES);
    return undefined;
  }

  /** Why the message with this prefix cannot be taken. */
  #refusalOf(bytes: Buffer, prefixAt: number): GrpcRefusal | undefined {
    const length = uint32(bytes, prefixAt + 1);
    if (length > this.#connection.lane.limits.messageBytes) return tooLarge(this.#connection, length);
    const compressed = bytes[prefixAt]!;
    const { encoding } = this.#stream.head;
    if (compressed === 0 || (compressed === 1 && (encoding === 'gzip' || encoding === 'deflate'))) return undefined;
    return notInflatable(compressed, encoding);
  }

  #keep(bytes: Buffer, compressed: number, held: number): void {
    this.#messages.push({ bytes, isCompressed: compressed === 1, held });
    this.#waitingBytes += MESSAGE_PREFIX + bytes.length;
  }

  /** Gives the window back in large steps, but for messages that wait. */
  #credit(): void {
    const { streamWindow } = this.#connection.lane.limits;
    const due = streamWindow - this.#stream.receiveWindow - this.#waitingBytes;
    if (due <= streamWindow / 2 || this.#stream.remoteClosed) return;
    writeWindowUpdate(this.#connection.out, this.#stream.id, due);
    this.#stream.receiveWindow += due;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** The length of the message that begins at `start` and lies whole before `end`; -1 if none does. */
function wholeMessageAt(bytes: Buffer, start: number, end: number): number {
  if (end - start < MESSAGE_PREFIX) return -1;
  const length = uint32(bytes, start + 1);
  return length <= end - start - MESSAGE_PREFIX ? length : -1;
}
