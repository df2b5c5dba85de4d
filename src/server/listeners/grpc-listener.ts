/**
 * gRPC on a listener of the primary: over a unix socket, or over TLS to whoever proves a certificate of ours or none.
 * @module
 */
import { asGatehouseError, type GatehouseError } from '../../errors.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { acceptFrom } from '../../transport/accept-from.ts';
import type { GrpcMethod } from '../../transport/grpc-methods.ts';
import { createLaneTally, type LaneTally } from '../../transport/lane/counts.ts';
import { createLane } from '../../transport/lane/lane.ts';
import type { LaneLimits } from '../../transport/lane/limits.ts';
import { type Connection, closeRecord, ownerOf, recordConnection } from '../../transport/listen/connections.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { listen } from '../../transport/listen/listener.ts';
import { createTlsFront, type HandshakeFailure, type TlsIdentity } from '../../transport/listen/tls-front.ts';

/** A bound listener that serves gRPC. */
export interface GrpcListener extends AsyncDisposable {
  /** The address really bound. */
  readonly address: ListenAddress;
  /** What its HTTP/2 server has counted since it was asked last. */
  takeTally(): LaneTally;
  /** Ends all streams, waits for running calls at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

export interface GrpcListenerDeps {
  readonly methods: readonly GrpcMethod[];
  /** Told of every error that a handler threw; expected refusals are among them. */
  readonly failed: (method: string, error: GatehouseError) => void;
  readonly identity: Watchable<TlsIdentity | undefined>;
  /** Whose share of connections counts. */
  readonly identify: (certificate: Uint8Array | undefined) => SpiffeId | undefined;
  readonly handshakeFailed: (failure: HandshakeFailure) => void;
  /** Open at a time. */
  readonly connections: number;
  /** Of one request, at most. */
  readonly messageBytes?: number;
}

const limits: Partial<LaneLimits> = {
  /** Requests are small: a certificate request, what a decider holds. */
  messageBytes: 64 * 1024,
  concurrentStreams: 10,
};

/** Opens it; the methods look at who calls. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openGrpcListener(at: ListenAddress, deps: GrpcListenerDeps): Promise<GrpcListener> {
  const { methods, failed, identity, identify, handshakeFailed, connections, messageBytes } = deps;
  const broke = (thrown: unknown): void => failed('HTTP/2', asGatehouseError(thrown));
  const lane = createLane<Connection>({
    calls: methods,
    limits: { ...limits, connections, ...(messageBytes !== undefined && { messageBytes }) },
    gone: closeRecord,
    failed: broke,
    callFailed: (method, error) => failed(method, error),
  });
  const front = createTlsFront(identity, {
    protocol: 'h2',
    callers: 'any',
    failed: handshakeFailed,
    handshakes: connections,
  });
  const listener = await listen(at);
  const { address } = listener;
  acceptFrom(listener.server, broke, (socket) => {
    if (address.kind === 'unix') {
      const connection = recordConnection(socket, address);
      lane.accept(socket, connection, ownerOf(connection));
      return;
    }
    front.secure(socket, (secured, certificate) => {
      const connection = recordConnection(secured, address, certificate);
      lane.accept(secured, connection, ownerOf(connection, identify(certificate)));
    });
  });
  const drain = async (graceMs: number): Promise<void> => {
    const closing = listener[Symbol.asyncDispose]();
    front[Symbol.dispose]();
    await lane.drain(graceMs);
    await closing;
  };
  return { address, takeTally: createLaneTally(lane.counts), drain, [Symbol.asyncDispose]: () => drain(0) };
}
