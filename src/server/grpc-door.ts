/**
 * gRPC on a listener of the primary: over a unix socket, or over TLS to whoever proves a certificate of ours or none.
 * @module
 */
import type { Watchable } from '../lib/watchable.ts';
import { createGrpcServer, type GrpcServerDeps } from '../transport/grpc-server.ts';
import type { ListenAddress } from '../transport/listen-address.ts';
import { listen } from '../transport/listener.ts';
import { createTlsFront, type HandshakeFailure, type TlsIdentity } from '../transport/tls-front.ts';

export interface GrpcDoor extends AsyncDisposable {
  /** The address really bound. */
  readonly address: ListenAddress;
  /** Ends all streams, waits for running calls at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

export interface GrpcDoorDeps extends Pick<GrpcServerDeps, 'methods' | 'failed'> {
  readonly identity: Watchable<TlsIdentity | undefined>;
  readonly handshakeFailed: (failure: HandshakeFailure) => void;
}

/** Requests are small: a certificate request, what a decider holds. */
const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_CALLS_PER_CONNECTION = 10;

/** Opens it; the methods look at who calls. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openGrpcDoor(at: ListenAddress, deps: GrpcDoorDeps): Promise<GrpcDoor> {
  const { methods, failed, identity, handshakeFailed } = deps;
  const grpc = createGrpcServer({
    methods,
    limits: { maxReceiveMessageBytes: MAX_REQUEST_BYTES, maxConcurrentStreams: MAX_CALLS_PER_CONNECTION },
    ...(failed && { failed }),
  });
  const front = createTlsFront(identity, { protocol: 'h2', callers: 'any', failed: handshakeFailed });
  const listener = await listen(at);
  const { address } = listener;
  listener.server.on('connection', (socket) => {
    if (address.kind === 'unix') grpc.accept(socket, address);
    else front.secure(socket, (secured, certificate) => grpc.accept(secured, address, certificate));
  });
  const drain = async (graceMs: number): Promise<void> => {
    const closing = listener[Symbol.asyncDispose]();
    front[Symbol.dispose]();
    await grpc.drain(graceMs);
    await closing;
  };
  return { address, drain, [Symbol.asyncDispose]: () => drain(0) };
}
