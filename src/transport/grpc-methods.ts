/**
 * gRPC methods as plain functions over messages: one in, one out; one in, many out; many in, many out.
 *
 * Many is an AsyncIterable. A handler that throws ends the call with the status of its error. What a handler writes waits for a
 * slow reader. Our own HTTP/2 server serves these methods, and grpc-js does.
 * @module
 */
import { type DescMessage, type DescMethod, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { Connection } from './listen/connections.ts';

/** What a call came with besides its messages. */
export interface CallMetadata {
  /** The values of a header, by its lower-case name. */
  get(name: string): readonly unknown[];
}

/** What a handler knows about its call besides the messages. */
export interface CallContext<P = Connection> {
  readonly connection: P;
  readonly metadata: CallMetadata;
  /** Aborts when the caller has gone, the deadline has passed, or the server stops. */
  readonly signal: AbortSignal;
}

interface Wire {
  /** E.g. `/envoy.service.auth.v3.Authorization/Check`. */
  readonly path: string;
  decode(bytes: Uint8Array): unknown;
  encode(message: unknown): Uint8Array;
  /** A call that waits gives way like a connection without calls: one that only watches, and would be missed by nobody else. */
  readonly countsAsIdle?: boolean;
}

interface UnaryMethod<P> extends Wire {
  readonly kind: 'unary';
  handle(request: unknown, context: CallContext<P>): Promise<unknown>;
}

interface ServerStreamingMethod<P> extends Wire {
  readonly kind: 'server_streaming';
  handle(request: unknown, context: CallContext<P>): AsyncIterable<unknown>;
}

interface BidiStreamingMethod<P> extends Wire {
  readonly kind: 'bidi_streaming';
  handle(requests: AsyncIterable<unknown>, context: CallContext<P>): AsyncIterable<unknown>;
}

/** One method, ready to be served. `P` is what its server knows of a connection. */
export type GrpcMethod<P = Connection> = UnaryMethod<P> | ServerStreamingMethod<P> | BidiStreamingMethod<P>;

type In<M extends DescMethod> = MessageShape<M['input']>;
/** Bytes are a message that is serialized already: many callers may get the same. */
type Out<M extends DescMethod> = MessageShape<M['output']> | Uint8Array;

/** A method with one request and one response. */
export function unary<M extends DescMethod & { methodKind: 'unary' }, P = Connection>(
  method: M,
  handle: (request: In<M>, context: CallContext<P>) => Promise<Out<M>>,
): GrpcMethod<P> {
  return { kind: 'unary', ...wireOf(method), handle };
}

/** A method with one request and a stream of responses. */
export function serverStreaming<M extends DescMethod & { methodKind: 'server_streaming' }, P = Connection>(
  method: M,
  handle: (request: In<M>, context: CallContext<P>) => AsyncIterable<Out<M>>,
): GrpcMethod<P> {
  return { kind: 'server_streaming', ...wireOf(method), handle };
}

/** A method with a stream of requests, read by `decode`, and one response, which comes after the last of them. */
export function clientStreaming<T, M extends DescMethod & { methodKind: 'client_streaming' }, P = Connection>(
  method: M,
  decode: (bytes: Uint8Array) => T,
  handle: (requests: AsyncIterable<T>, context: CallContext<P>) => Promise<Out<M>>,
): GrpcMethod<P> {
  async function* answer(requests: AsyncIterable<T>, context: CallContext<P>): AsyncGenerator<Out<M>> {
    yield await handle(requests, context);
  }
  return { kind: 'bidi_streaming', ...wireOf(method), decode, handle: answer };
}

/** A method with streams both ways. */
export function bidiStreaming<M extends DescMethod & { methodKind: 'bidi_streaming' }, P = Connection>(
  method: M,
  handle: (requests: AsyncIterable<In<M>>, context: CallContext<P>) => AsyncIterable<Out<M>>,
): GrpcMethod<P> {
  return { kind: 'bidi_streaming', ...wireOf(method), handle };
}

function wireOf({ parent, name, input, output }: DescMethod): Wire {
  return {
    path: `/${parent.typeName}/${name}`,
    decode: (bytes) => fromBinary(input, bytes),
    encode: (message) => (message instanceof Uint8Array ? message : serialize(output, message)),
  };
}

const serialize = (schema: DescMessage, message: unknown): Uint8Array =>
  toBinary(schema, message as MessageShape<DescMessage>); // only messages of the schema get here
