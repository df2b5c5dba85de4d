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
import { candidatesFor, type Owned, type Owner } from '../shares.ts';
import { definitionOf, type HandlerDeps, handlerOf, type RawMethod } from './grpc-js-handlers.ts';

/** How much one server takes. */
export interface GrpcLimits {
  readonly maxReceiveMessageBytes: number;
  /** Calls at a time on one connection. */
  readonly maxConcurrentStreams: number;
  /** Open at a time; then one goes of whoever has most, or the newcomer. Default 1,024. */
  readonly connections?: number;
}

/** What a server serves. */
export interface GrpcServerDeps {
  readonly methods: readonly (GrpcMethod | RawMethod)[];
  readonly limits: GrpcLimits;
  /** Told of every error that a handler threw; expected refusals are among them. */
  failed?(method: string, error: GatehouseError, connection: Connection | undefined): void;
}

/** A server of grpc-js, to be told what to serve. */
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
  const connections = createConnections();
  const sockets = createSockets(limits.connections ?? 1_024);
  const stopping = new AbortController();
  const deps = { connections, stopping: stopping.signal, failed: failed ?? (() => undefined) };
  const server = serverOf(methods, limits, deps);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const accept: GrpcServer['accept'] = (socket, address, peerCertificate) => {
    if (stopping.signal.aborted) {
      socket.destroy();
      return undefined;
    }
    socket.on('error', () => socket.destroy()); // a peer may go at any time
    if (!sockets.add(socket, ownerOfSocket(socket, address))) {
      socket.destroy();
      return undefined;
    }
    const connection = connections.add(socket, address, peerCertificate);
    injector.injectConnection(socket);
    return connection;
  };
  const end = async (graceMs: number): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve)); // streams may still say what they just heard, such as NOT_SERVING
    stopping.abort();
    server.tryShutdown(() => undefined);
    await sockets.whenClosed(graceMs);
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

function serverOf(methods: GrpcServerDeps['methods'], limits: GrpcLimits, deps: HandlerDeps): Server {
  const server = new Server({
    'grpc.max_receive_message_length': limits.maxReceiveMessageBytes,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc.max_connection_idle_ms': IDLE_MS,
    'grpc.enable_channelz': 0,
  });
  for (const method of methods) {
    const { path, responseSerialize, requestDeserialize } = definitionOf(method);
    server.register(path, handlerOf(method, deps), responseSerialize, requestDeserialize, typeOf[method.kind]);
  }
  return server;
}

/** The open sockets of one server. */
interface Sockets {
  /** Adds one; when there are too many, one of whoever has most is destroyed. False: that would be the newcomer. */
  add(socket: Socket, owner: Owner): boolean;
  /**
   * Resolves when all are closed; those that are not after `graceMs` are destroyed. `tryShutdown` of grpc-js does not wait for calls on
   * injected connections, but each closes after its last call.
   */
  whenClosed(graceMs: number): Promise<void>;
}

function createSockets(most: number): Sockets {
  const sockets = new Map<Socket, Owned & { readonly socket: Socket }>();
  const makeRoom = (owner: Owner): boolean => {
    const { members, mustGive } = candidatesFor([...sockets.values()], owner);
    if (!mustGive) return false;
    members[0]?.socket.destroy();
    return true;
  };
  return {
    add(socket, owner) {
      if (sockets.size >= most && !makeRoom(owner)) return false;
      sockets.set(socket, { socket, owner });
      socket.once('close', () => sockets.delete(socket));
      return true;
    },
    async whenClosed(graceMs) {
      const cut = setTimeout(() => {
        for (const socket of sockets.keys()) socket.destroy();
      }, graceMs);
      await Promise.all(
        [...sockets.keys()].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))),
      );
      clearTimeout(cut);
    },
  };
}

const typeOf = { raw: 'unary', unary: 'unary', server_streaming: 'serverStream', bidi_streaming: 'bidi' } as const;
