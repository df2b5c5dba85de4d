/**
 * gRPC servers on listeners of our own, so that every call knows its connection.
 * @module
 */
import type { Server as NetServer, Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { GatehouseError } from '../../errors.ts';
import type { GrpcMethod } from '../grpc-methods.ts';
import { type Connection, createConnections, ownerOfSocket } from '../listen/connections.ts';
import type { ListenAddress } from '../listen/listen-address.ts';
import { crowdFor, type Held, type Owner } from '../shares.ts';
import { definitionOf, handlerOf, type RawMethod } from './grpc-js-handlers.ts';

export interface GrpcLimits {
  readonly maxReceiveMessageBytes: number;
  /** Calls at a time on one connection. */
  readonly maxConcurrentStreams: number;
  /** Open at a time; then one goes of whoever has most, or the newcomer. Default 1,024. */
  readonly connections?: number;
}

export interface GrpcServerDeps {
  readonly methods: readonly (GrpcMethod | RawMethod)[];
  readonly limits: GrpcLimits;
  /** Told of every error that a handler threw; expected refusals are among them. */
  failed?(method: string, error: GatehouseError, connection: Connection | undefined): void;
}

export interface GrpcServer extends AsyncDisposable {
  /** Serves every connection that this server accepts, until disposed. Returns what stops that. */
  serve(server: NetServer, address: ListenAddress): () => void;
  /** Serves one connection: plain, or TLS already done with ALPN `h2`; answers its record, or undefined while stopping. */
  accept(socket: Socket, address: ListenAddress, peerCertificate?: Uint8Array): Connection | undefined;
  /** Ends streams, refuses new calls, waits for running ones at most `graceMs`, then cuts. */
  drain(graceMs: number): Promise<void>;
}

const IDLE_MS = 3_600_000;

/** Creates a gRPC server that has no listener yet. */
export function createGrpcServer({ methods, limits, failed }: GrpcServerDeps): GrpcServer {
  const server = new Server({
    'grpc.max_receive_message_length': limits.maxReceiveMessageBytes,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc.max_connection_idle_ms': IDLE_MS,
    'grpc.enable_channelz': 0,
  });
  const connections = createConnections();
  const sockets = new Map<Socket, Held & { readonly socket: Socket }>();
  const { connections: mostConnections = 1_024 } = limits;
  const makeRoom = (owner: Owner): boolean => {
    const { members, mustGive } = crowdFor([...sockets.values()], owner);
    if (!mustGive) return false;
    members[0]?.socket.destroy();
    return true;
  };
  const stopping = new AbortController();
  const deps = { connections, stopping: stopping.signal, failed: failed ?? (() => undefined) };
  for (const method of methods) {
    const definition = definitionOf(method);
    server.register(
      definition.path,
      handlerOf(method, deps),
      definition.responseSerialize,
      definition.requestDeserialize,
      typeOf[method.kind],
    );
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const accept: GrpcServer['accept'] = (socket, address, peerCertificate) => {
    if (stopping.signal.aborted) {
      socket.destroy();
      return undefined;
    }
    socket.on('error', () => socket.destroy()); // a peer may go at any time
    const owner = ownerOfSocket(socket, address);
    if (sockets.size >= mostConnections && !makeRoom(owner)) {
      socket.destroy();
      return undefined;
    }
    sockets.set(socket, { socket, owner });
    socket.once('close', () => sockets.delete(socket));
    const connection = connections.add(socket, address, peerCertificate);
    injector.injectConnection(socket);
    return connection;
  };
  // tryShutdown does not wait for calls on injected connections, so what is waited for is the sockets: each closes after its last call.
  const end = async (graceMs: number): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve)); // streams may still say what they just heard, such as NOT_SERVING
    stopping.abort();
    server.tryShutdown(() => undefined);
    const cut = setTimeout(() => {
      for (const socket of sockets.keys()) socket.destroy();
    }, graceMs);
    await Promise.all(
      [...sockets.keys()].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))),
    );
    clearTimeout(cut);
    server.forceShutdown();
  };
  let drained: Promise<void> | undefined;
  const drain = (graceMs: number): Promise<void> => {
    drained ??= end(graceMs);
    return drained;
  };
  return {
    serve(listener, address) {
      const onConnection = (socket: Socket): void => void accept(socket, address);
      listener.on('connection', onConnection);
      return () => listener.off('connection', onConnection);
    },
    accept,
    drain,
    [Symbol.asyncDispose]: () => drain(0),
  };
}

const typeOf = { raw: 'unary', unary: 'unary', server_streaming: 'serverStream', bidi_streaming: 'bidi' } as const;
