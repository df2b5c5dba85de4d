/**
 * gRPC methods as plain functions over messages: one in, one out; one in, many out; many in, many out.
 *
 * Many is an AsyncIterable. A handler that throws ends the call with the status of its error. What a handler writes waits for a
 * slow reader.
 * @module
 */

import { type EventEmitter, once } from 'node:events';
import { type DescMessage, type DescMethod, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  MethodDefinition,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { asGatehouseError, GatehouseError } from '../errors.ts';
import type { Connection, Connections } from './connections.ts';
import { statusOf } from './grpc-status.ts';

/** What a handler knows about its call besides the messages. */
export interface CallContext {
  readonly connection: Connection;
  readonly metadata: Metadata;
  /** Aborts when the caller has gone, the deadline has passed, or the server stops. */
  readonly signal: AbortSignal;
}

/** One method, ready to be registered. */
export interface GrpcMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: (deps: HandlerDeps) => UntypedHandleCall;
}

export interface HandlerDeps {
  readonly connections: Connections;
  /** Aborts when the server stops: streams end then. */
  readonly stopping: AbortSignal;
  /** Told of every error that a handler threw. */
  failed(method: string, error: GatehouseError, connection: Connection | undefined): void;
}

type In<M extends DescMethod> = MessageShape<M['input']>;
type Out<M extends DescMethod> = MessageShape<M['output']>;

/** A method with one request and one response. */
export function unary<M extends DescMethod & { methodKind: 'unary' }>(
  method: M,
  handle: (request: In<M>, context: CallContext) => Promise<Out<M>>,
): GrpcMethod {
  return {
    definition: definitionOf(method),
    handler: (deps) => {
      const handler: handleUnaryCall<In<M>, Out<M>> = (call, callback) => {
        const scope = openScope(call, deps);
        run(
          method,
          deps,
          scope,
          async (context) => callback(null, await handle(call.request, context)),
          (thrown) => callback(statusOf(thrown)),
        );
      };
      return handler as UntypedHandleCall; // grpc-js stores handlers of all messages in one type
    },
  };
}

/** A method with one request and a stream of responses. */
export function serverStreaming<M extends DescMethod & { methodKind: 'server_streaming' }>(
  method: M,
  handle: (request: In<M>, context: CallContext) => AsyncIterable<Out<M>>,
): GrpcMethod {
  return {
    definition: definitionOf(method),
    handler: (deps) => {
      const handler: handleServerStreamingCall<In<M>, Out<M>> = (call) => {
        const scope = openScope(call, deps);
        run(
          method,
          deps,
          scope,
          (context) => pump(handle(call.request, context), call, context.signal, deps.stopping),
          (thrown) => end(call, thrown),
        );
      };
      return handler as UntypedHandleCall;
    },
  };
}

/** A method with streams both ways. */
export function bidiStreaming<M extends DescMethod & { methodKind: 'bidi_streaming' }>(
  method: M,
  handle: (requests: AsyncIterable<In<M>>, context: CallContext) => AsyncIterable<Out<M>>,
): GrpcMethod {
  return {
    definition: definitionOf(method),
    handler: (deps) => {
      const handler: handleBidiStreamingCall<In<M>, Out<M>> = (call) => {
        const scope = openScope(call, deps);
        run(
          method,
          deps,
          scope,
          (context) =>
            pump(handle(call.iterator({ destroyOnReturn: false }), context), call, context.signal, deps.stopping),
          (thrown) => end(call, thrown),
        );
      };
      return handler as UntypedHandleCall;
    },
  };
}

interface RawMethod {
  /** E.g. `/envoy.service.auth.v3.Authorization/Check`. */
  readonly path: string;
}

/** A method whose messages stay bytes, for those who read and write them on their own: synchronous, never a stream. */
export function rawUnary(
  { path }: RawMethod,
  handle: (request: Uint8Array, connection: Connection | undefined) => Uint8Array,
): GrpcMethod {
  const same = (bytes: unknown): Buffer => bytes as Buffer; // grpc-js hands over Buffers, and we return bytes only
  return {
    definition: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
    handler: ({ connections, failed }) => {
      const handler: handleUnaryCall<Uint8Array, Uint8Array> = (call, callback) => {
        const connection = connections.of(call.getPeer());
        try {
          callback(null, handle(call.request, connection));
        } catch (thrown) {
          failed(path, asGatehouseError(thrown), connection);
          callback(statusOf(thrown));
        }
      };
      return handler as UntypedHandleCall;
    },
  };
}

function definitionOf(method: DescMethod): MethodDefinition<unknown, unknown> {
  const [requestStream, responseStream] = {
    unary: [false, false] as const,
    server_streaming: [false, true] as const,
    client_streaming: [true, false] as const,
    bidi_streaming: [true, true] as const,
  }[method.methodKind];
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream,
    responseStream,
    requestSerialize: encoder(method.input),
    requestDeserialize: decoder(method.input),
    responseSerialize: encoder(method.output),
    responseDeserialize: decoder(method.output),
  };
}

const encoder = (schema: DescMessage) => (message: unknown) =>
  Buffer.from(toBinary(schema, message as MessageShape<DescMessage>)); // only messages of the schema get here
const decoder = (schema: DescMessage) => (bytes: Buffer) => fromBinary(schema, bytes);

interface Scope {
  readonly context: CallContext | undefined;
  close(): void;
}

interface AnyCall {
  getPeer(): string;
  readonly metadata: Metadata;
  on(event: 'cancelled', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

function openScope(call: AnyCall, deps: HandlerDeps): Scope {
  const connection = deps.connections.of(call.getPeer());
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  call.on('cancelled', stop);
  call.once('close', stop);
  if (deps.stopping.aborted) stop();
  deps.stopping.addEventListener('abort', stop);
  const close = (): void => {
    deps.stopping.removeEventListener('abort', stop);
    stop();
  };
  const context = connection && { connection, metadata: call.metadata, signal: abort.signal };
  return { context, close };
}

function run(
  method: DescMethod,
  deps: HandlerDeps,
  { context, close }: Scope,
  work: (context: CallContext) => Promise<void>,
  fail: (thrown: unknown) => void,
): void {
  const attempt = async (): Promise<void> => {
    try {
      if (context === undefined) throw new GatehouseError('unreachable', 'the connection is already closed');
      await work(context);
    } catch (thrown) {
      deps.failed(`/${method.parent.typeName}/${method.name}`, asGatehouseError(thrown), context?.connection);
      fail(thrown);
    } finally {
      close();
    }
  };
  void attempt();
}

async function pump<T>(
  messages: AsyncIterable<T>,
  call: EventEmitter & { write(message: T): boolean; end(): void },
  signal: AbortSignal,
  stopping: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    if (signal.aborted) break;
    if (!call.write(message)) await once(call, 'drain', { signal }).catch(() => undefined); // aborted: the loop ends
  }
  if (stopping.aborted) throw new GatehouseError('draining', 'the server is stopping');
  if (!signal.aborted) call.end();
}

/** grpc-js sends the status of an error that is emitted on the call; after a cancellation nobody listens. */
function end(call: EventEmitter & { readonly cancelled: boolean }, thrown: unknown): void {
  if (!call.cancelled) call.emit('error', Object.assign(new Error('ended', { cause: thrown }), statusOf(thrown)));
}
