/**
 * Our gRPC methods as grpc-js has them.
 * @module
 */
import { type EventEmitter, once } from 'node:events';
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  type StatusObject,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import type { CallContext, GrpcMethod } from '../grpc-methods.ts';
import { statusOf } from '../grpc-status.ts';
import type { Connection, Connections } from '../listen/connections.ts';

/** A method whose messages stay bytes, for those who read and write them on their own: synchronous, never a stream. */
export interface RawMethod {
  readonly kind: 'raw';
  readonly path: string;
  handle(request: Uint8Array, connection: Connection | undefined): Uint8Array;
}

/** What handlers of grpc-js need besides their method. */
export interface HandlerDeps {
  readonly connections: Connections;
  /** Aborts when the server stops: streams end then. */
  readonly stopping: AbortSignal;
  /** Told of every error that a handler threw. */
  failed(method: string, error: GatehouseError, connection: Connection | undefined): void;
}

/** Returns the RawMethod of a path. */
export function rawUnary(
  { path }: { readonly path: string },
  handle: (request: Uint8Array, connection: Connection | undefined) => Uint8Array,
): RawMethod {
  return { kind: 'raw', path, handle };
}

/** Returns how a method's messages become bytes, and back. */
export function definitionOf(method: GrpcMethod | RawMethod): MethodDefinition<unknown, unknown> {
  const same = (bytes: unknown): Buffer => bytes as Buffer; // grpc-js hands over Buffers, and we return bytes only
  const encode = method.kind === 'raw' ? same : (message: unknown) => Buffer.from(method.encode(message));
  return {
    path: method.path,
    requestStream: method.kind === 'bidi_streaming',
    responseStream: method.kind === 'bidi_streaming' || method.kind === 'server_streaming',
    requestSerialize: same,
    requestDeserialize: method.kind === 'raw' ? same : (bytes) => method.decode(bytes),
    responseSerialize: encode,
    responseDeserialize: same,
  };
}

/** Returns what grpc-js calls for a method: errors that its handler throws become the status of the call. */
export function handlerOf(method: GrpcMethod | RawMethod, deps: HandlerDeps): UntypedHandleCall {
  switch (method.kind) {
    case 'raw':
      return rawHandler(method, deps);
    case 'unary': {
      const handler: handleUnaryCall<unknown, unknown> = (call, callback) => {
        const work = async (context: CallContext): Promise<void> =>
          callback(null, await method.handle(call.request, context));
        run(method.path, call, deps, work, (thrown) => callback(statusObject(thrown)));
      };
      return handler;
    }
    case 'server_streaming': {
      const handler: handleServerStreamingCall<unknown, unknown> = (call) => {
        const work = (context: CallContext): Promise<void> =>
          pump(method.handle(call.request, context), call, context.signal, deps.stopping);
        run(method.path, call, deps, work, (thrown) => end(call, thrown));
      };
      return handler;
    }
    case 'bidi_streaming': {
      const handler: handleBidiStreamingCall<unknown, unknown> = (call) => {
        const work = (context: CallContext): Promise<void> =>
          pump(method.handle(call.iterator({ destroyOnReturn: false }), context), call, context.signal, deps.stopping);
        run(method.path, call, deps, work, (thrown) => end(call, thrown));
      };
      return handler;
    }
  }
}

function rawHandler({ path, handle }: RawMethod, { connections, failed }: HandlerDeps): UntypedHandleCall {
  const handler: handleUnaryCall<Uint8Array, Uint8Array> = (call, callback) => {
    const connection = connections.of(call.getPeer());
    try {
      callback(null, handle(call.request, connection));
    } catch (thrown) {
      failed(path, asGatehouseError(thrown), connection);
      callback(statusObject(thrown));
    }
  };
  return handler as UntypedHandleCall; // grpc-js stores handlers of all messages in one type
}

interface AnyCall {
  getPeer(): string;
  readonly metadata: Metadata;
  on(event: 'cancelled', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

function run(
  path: string,
  call: AnyCall,
  { connections, stopping, failed }: HandlerDeps,
  work: (context: CallContext) => Promise<void>,
  fail: (thrown: unknown) => void,
): void {
  const connection = connections.of(call.getPeer());
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  call.on('cancelled', stop);
  call.once('close', stop);
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop);
  const attempt = async (): Promise<void> => {
    try {
      if (connection === undefined) throw new GatehouseError('unreachable', 'the connection is already closed');
      await work({ connection, metadata: call.metadata, signal: abort.signal });
    } catch (thrown) {
      failed(path, asGatehouseError(thrown), connection);
      fail(thrown);
    } finally {
      stopping.removeEventListener('abort', stop);
      stop();
    }
  };
  void attempt();
}

async function pump(
  messages: AsyncIterable<unknown>,
  call: EventEmitter & { write(message: unknown): boolean; end(): void },
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
  if (!call.cancelled) call.emit('error', Object.assign(new Error('ended', { cause: thrown }), statusObject(thrown)));
}

function statusObject(thrown: unknown): StatusObject {
  const { status: code, message: details, trailers = [] } = statusOf(thrown);
  const metadata = new Metadata();
  for (const [name, value] of trailers) metadata.set(name, value);
  return { code, details, metadata };
}
