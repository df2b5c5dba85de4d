/**
 * The wire under Check: gRPC by grpc-js, or by the lane.
 * @module
 */
import type { Socket } from 'node:net';
import type { Check } from '../../authz/check.ts';
import type { Caller } from '../../authz/destination.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Connection } from '../../transport/connections.ts';
import { rawUnary } from '../../transport/grpc-methods.ts';
import { createGrpcServer } from '../../transport/grpc-server.ts';
import { healthMethods, type ServingState } from '../../transport/health-service.ts';
import { createLaneTally, type LaneTally } from '../../transport/lane/counts.ts';
import { HEALTH_CHECK_PATH, healthCheck } from '../../transport/lane/health-check.ts';
import { createLane } from '../../transport/lane/lane.ts';
import type { ListenAddress } from '../../transport/listen-address.ts';
import { createTlsFront, type HandshakeFailure, type TlsIdentity } from '../../transport/tls-front.ts';
import { callerSvidOf } from '../tls/callers.ts';

const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check';
/** gRPC's own default; a larger CheckRequest gets RESOURCE_EXHAUSTED. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const MAX_CALLS_PER_CONNECTION = 100_000;
/** By a unix socket or plain loopback. */
const LOCAL: Caller = { local: true };
/** Has no SVID of ours: may ask about nothing. */
const NOBODY: Caller = { spiffeId: '', serial: '', spki: '' };

export interface CheckTransport {
  /** What the lane has counted since it was asked last; undefined for grpc-js, which counts nothing of the kind. */
  takeTally(): LaneTally | undefined;
  accept(socket: Socket, listener: ListenAddress): void;
  drain(graceMs: number): Promise<void>;
}

export interface CheckTransportDeps {
  readonly kind: 'lane' | 'grpc-js';
  readonly check: Check;
  readonly serving: Watchable<ServingState>;
  /** What we show where a listener has TLS. */
  readonly identity: Watchable<TlsIdentity | undefined>;
  readonly trustDomain: TrustDomain;
  readonly trouble: (thrown: unknown) => void;
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

/** A transport that is told who calls. */
interface InnerTransport {
  takeTally(): LaneTally | undefined;
  accept(socket: Socket, listener: ListenAddress, caller: Caller): void;
  drain(graceMs: number): Promise<void>;
}

function laneTransport({ check, serving, trouble }: CheckTransportDeps): InnerTransport {
  const lane = createLane<Caller>({
    methods: new Map([
      [CHECK_PATH, check],
      [HEALTH_CHECK_PATH, healthCheck<Caller>(serving)],
    ]),
    limits: { messageBytes: MAX_REQUEST_BYTES },
    failed: trouble,
  });
  return {
    takeTally: createLaneTally(lane.counts),
    accept: (socket, _, caller) => lane.accept(socket, caller),
    drain: (graceMs) => lane.drain(graceMs),
  };
}

function grpcTransport({ check, serving, trouble }: CheckTransportDeps): InnerTransport {
  const callers = new WeakMap<Connection, Caller>();
  const callerOf = (connection: Connection | undefined): Caller => (connection && callers.get(connection)) ?? NOBODY;
  const grpc = createGrpcServer({
    methods: [
      rawUnary({ path: CHECK_PATH }, (request, connection) => check(request, callerOf(connection))),
      ...healthMethods(serving),
    ],
    limits: { maxReceiveMessageBytes: MAX_REQUEST_BYTES, maxConcurrentStreams: MAX_CALLS_PER_CONNECTION },
    failed: (_, error) => {
      if (error.code === 'internal') trouble(error);
    },
  });
  return {
    takeTally: () => undefined,
    accept(socket, listener, caller) {
      const connection = grpc.accept(socket, listener);
      if (connection !== undefined) callers.set(connection, caller);
    },
    drain: (graceMs) => grpc.drain(graceMs),
  };
}
