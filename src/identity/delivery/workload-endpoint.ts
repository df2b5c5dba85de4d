/**
 * The endpoint where workloads and Envoys get identities: SPIFFE Workload API, Envoy SDS and health on the same unix sockets.
 * @module
 */
import type { Clock } from '../../lib/clock.ts';
import type { Ticks } from '../../lib/ticks.ts';
import type { Watchable } from '../../lib/watchable.ts';
import { createGrpcServer } from '../../transport/grpc-server.ts';
import { healthMethods, type ServingState } from '../../transport/health-service.ts';
import type { UnixAddress } from '../../transport/listen-address.ts';
import { listenUnix } from '../../transport/unix-listener.ts';
import type { Attestor } from '../attestation/attestor.ts';
import type { Entry } from '../registration/entry.ts';
import { createConsumers } from './consumers.ts';
import type { DeliveryObserver } from './delivery-deps.ts';
import type { IdentitySource } from './identity-source.ts';
import { sdsMethods } from './sds/sds-methods.ts';
import { jwtMethods } from './workload-api/jwt-methods.ts';
import { x509Methods } from './workload-api/x509-methods.ts';

export interface WorkloadEndpointDeps {
  /** The authority. Until it has an X.509 authority callers get Unavailable. */
  readonly source: IdentitySource;
  /** All entries, those bound to workloads' own sockets among them; replaced whole at a reload. */
  readonly entries: Watchable<readonly Entry[]>;
  readonly attestor: Attestor;
  readonly clock: Clock;
  /** How often renewals and the life of callers are looked at; a quarter of a second suits TTLs of seconds. */
  readonly ticks: Ticks;
  readonly observer: DeliveryObserver;
  /** What grpc.health.v1 answers on these sockets, by service name. */
  readonly serving: Watchable<ServingState>;
}

export interface WorkloadEndpoint extends AsyncDisposable {
  /**
   * Adds a socket: the shared one (`attests: 'peer'`) or a workload's own (`attests: 'path'`).
   * Disposing what it returns closes that socket, not its connections.
   * @throws GatehouseError `address_in_use`, `config_invalid`
   */
  listen(address: UnixAddress): Promise<AsyncDisposable & { readonly path: string }>;
  /** Ends all streams with Unavailable, waits at most `graceMs`, closes the sockets. */
  drain(graceMs: number): Promise<void>;
}

/** Small: requests name audiences and secrets, nothing else. */
const MAX_REQUEST_BYTES = 1024 * 1024;
const MAX_CALLS_PER_CONNECTION = 1_000;

/** Creates the endpoint; it has no socket until `listen`. */
export function createWorkloadEndpoint({ serving, ...given }: WorkloadEndpointDeps): WorkloadEndpoint {
  const deps = { ...given, consumers: createConsumers(given) };
  const grpc = createGrpcServer({
    methods: [...x509Methods(deps), ...jwtMethods(deps), ...sdsMethods(deps), ...healthMethods(serving)],
    limits: { maxReceiveMessageBytes: MAX_REQUEST_BYTES, maxConcurrentStreams: MAX_CALLS_PER_CONNECTION },
    acceptsPathAsAuthority: true,
    failed: (method, error) => deps.observer.failed(method, error),
  });
  const sockets = new Set<AsyncDisposable>();
  const drain = async (graceMs: number): Promise<void> => {
    const closing = [...sockets].map((socket) => socket[Symbol.asyncDispose]());
    await grpc.drain(graceMs);
    await Promise.all(closing);
  };
  return {
    async listen(address) {
      const listener = await listenUnix(address);
      const stop = grpc.serve(listener.server, address);
      const socket = {
        path: address.path,
        async [Symbol.asyncDispose]() {
          if (!sockets.delete(socket)) return;
          await listener[Symbol.asyncDispose]();
          stop();
        },
      };
      sockets.add(socket);
      return socket;
    },
    drain,
    [Symbol.asyncDispose]: () => drain(0),
  };
}
