/**
 * The wire under Check: gRPC by grpc-js, or by the lane.
 * @module
 */
import type { Socket } from 'node:net';
import type { Check } from '../../authz/check.ts';
import type { Caller } from '../../authz/destination.ts';
import type { Watchable } from '../../lib/watchable.ts';
import { rawUnary } from '../../transport/grpc-methods.ts';
import { createGrpcServer } from '../../transport/grpc-server.ts';
import { healthMethods, type ServingState } from '../../transport/health-service.ts';
import { HEALTH_CHECK_PATH, healthCheck } from '../../transport/lane/health-check.ts';
import { createLane } from '../../transport/lane/lane.ts';
import type { ListenAddress } from '../../transport/listen-address.ts';

const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check';
/** gRPC's own default; a larger CheckRequest gets RESOURCE_EXHAUSTED. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const MAX_CALLS_PER_CONNECTION = 100_000;
/** Every listener of ours is loopback or a unix socket until it has TLS of its own. */
const LOCAL: Caller = { local: true };

export interface CheckTransport {
  accept(socket: Socket, listener: ListenAddress): void;
  drain(graceMs: number): Promise<void>;
}

export interface CheckTransportDeps {
  readonly kind: 'lane' | 'grpc-js';
  readonly check: Check;
  readonly serving: Watchable<ServingState>;
  readonly trouble: (thrown: unknown) => void;
}

/** Creates the transport that the configuration names. */
export function createCheckTransport(deps: CheckTransportDeps): CheckTransport {
  return deps.kind === 'lane' ? laneTransport(deps) : grpcTransport(deps);
}

function laneTransport({ check, serving, trouble }: CheckTransportDeps): CheckTransport {
  const lane = createLane<Caller>({
    methods: new Map([
      [CHECK_PATH, check],
      [HEALTH_CHECK_PATH, healthCheck<Caller>(serving)],
    ]),
    limits: { messageBytes: MAX_REQUEST_BYTES },
    failed: trouble,
  });
  return { accept: (socket) => lane.accept(socket, LOCAL), drain: (graceMs) => lane.drain(graceMs) };
}

function grpcTransport({ check, serving, trouble }: CheckTransportDeps): CheckTransport {
  return createGrpcServer({
    methods: [rawUnary({ path: CHECK_PATH }, (request) => check(request, LOCAL)), ...healthMethods(serving)],
    limits: { maxReceiveMessageBytes: MAX_REQUEST_BYTES, maxConcurrentStreams: MAX_CALLS_PER_CONNECTION },
    failed: (_, error) => {
      if (error.code === 'internal') trouble(error);
    },
  });
}
