/**
 * The wire under Check: gRPC by grpc-js, or by the lane.
 * @module
 */
import type { Socket } from 'node:net';
import type { Caller } from '../../authz/destination/destination.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { healthMethods } from '../../transport/health-service.ts';
import { createLaneTally, type LaneTally } from '../../transport/lane/counts.ts';
import { createLane } from '../../transport/lane/lane.ts';
import { ownerOfSocket } from '../../transport/listen/connections.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { createTlsFront, type HandshakeFailure, type TlsIdentity } from '../../transport/listen/tls-front.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { callerSvidOf } from '../tls/callers.ts';
import { CHECK_PATH, type InnerTransport, LOCAL, MAX_REQUEST_BYTES, NOBODY, type WireDeps } from './check-wire.ts';

export interface CheckTransport {
  /** What the lane has counted since it was asked last; undefined for grpc-js, which counts nothing of the kind. */
  takeTally(): LaneTally | undefined;
  accept(socket: Socket, listener: ListenAddress): void;
  drain(graceMs: number): Promise<void>;
}

export interface CheckTransportDeps extends WireDeps {
  readonly kind: 'lane' | 'grpc-js';
  /** What we show where a listener has TLS. */
  readonly identity: Watchable<TlsIdentity | undefined>;
  readonly trustDomain: TrustDomain;
  /** Told of a connection that was not let in. */
  readonly handshakeFailed: (failure: HandshakeFailure) => void;
}

/** Creates the transport that the configuration names. */
export function createCheckTransport(deps: CheckTransportDeps): CheckTransport {
  const inner = deps.kind === 'lane' ? laneTransport(deps) : grpcTransport(deps);
  const front = createTlsFront(deps.identity, {
    protocol: 'h2',
    callers: 'certified',
    failed: deps.handshakeFailed,
    handshakes: connectionLimit('ext-authz'),
  });
  return {
    takeTally: () => inner.takeTally(),
    accept(socket, listener) {
      if (listener.kind === 'unix' || !listener.tls) return inner.accept(socket, listener, LOCAL);
      front.secure(socket, (secured, certificate) =>
        inner.accept(secured, listener, (certificate && callerSvidOf(certificate, deps.trustDomain)) ?? NOBODY),
      );
    },
    async drain(graceMs) {
      front[Symbol.dispose]();
      await inner.drain(graceMs);
    },
  };
}

function laneTransport({ check, serving, trouble }: WireDeps): InnerTransport {
  const lane = createLane<Caller>({
    methods: new Map([[CHECK_PATH, check]]),
    calls: healthMethods<Caller>(serving),
    limits: { messageBytes: MAX_REQUEST_BYTES, connections: connectionLimit('ext-authz') },
    failed: trouble,
    callFailed: (_, error) => {
      if (error.code === 'internal') trouble(error);
    },
  });
  return {
    takeTally: createLaneTally(lane.counts),
    accept(socket, listener, caller) {
      const spiffeId = 'spiffeId' in caller && caller.spiffeId !== '' ? caller.spiffeId : undefined;
      lane.accept(socket, caller, ownerOfSocket(socket, listener, spiffeId));
    },
    drain: (graceMs) => lane.drain(graceMs),
  };
}

/** grpc-js is loaded only by who asks for it; what comes before it is there waits. */
function grpcTransport(deps: WireDeps): InnerTransport {
  const loading = import('./grpc-check-transport.ts').then(({ createGrpcTransport }) => createGrpcTransport(deps));
  return {
    takeTally: () => undefined,
    accept: (socket, listener, caller) => void loading.then((grpc) => grpc.accept(socket, listener, caller)),
    drain: async (graceMs) => (await loading).drain(graceMs),
  };
}
