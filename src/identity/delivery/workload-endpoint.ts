/**
 * The endpoint where workloads and Envoys get identities: SPIFFE Workload API, Envoy SDS and health on the same unix sockets.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ticks } from '../../lib/ticks.ts';
import type { Watchable } from '../../lib/watchable.ts';
import { acceptFrom } from '../../transport/accept-from.ts';
import type { CallContext, GrpcMethod } from '../../transport/grpc-methods.ts';
import { healthMethods, type ServingState } from '../../transport/health-service.ts';
import { createLaneTally, type LaneTally } from '../../transport/lane/counts.ts';
import { createLane } from '../../transport/lane/lane.ts';
import type { LaneLimits } from '../../transport/lane/limits.ts';
import { type Connection, closeRecord, ownerOf, recordConnection } from '../../transport/listen/connections.ts';
import type { UnixAddress } from '../../transport/listen/listen-address.ts';
import { listenUnix } from '../../transport/listen/unix-listener.ts';
import type { Attestor } from '../attestation/attestor.ts';
import type { Entry } from '../registration/entry.ts';
import type { ImplicitEntry } from '../registration/implicit-entries.ts';
import type { IdentitySource } from '../source/identity-source.ts';
import { AttestedStream } from './attested-stream.ts';
import { createConsumers } from './consumers.ts';
import type { DeliveryObserver } from './delivery-deps.ts';
import { sdsMethods } from './sds/sds-methods.ts';
import { createWaitingStreams } from './waiting-streams.ts';
import { jwtMethods } from './workload-api/jwt-methods.ts';
import { x509Methods } from './workload-api/x509-methods.ts';

export interface WorkloadEndpointDeps {
  /** The authority. Until it has an X.509 authority callers get Unavailable. */
  readonly source: IdentitySource;
  /** All entries, those bound to workloads' own sockets among them; replaced whole at a reload. */
  readonly entries: Watchable<readonly Entry[]>;
  /** Absent: nothing is implied. */
  readonly implicit?: ImplicitEntry | undefined;
  readonly attestor: Attestor;
  readonly clock: Clock;
  /** How often renewals and the life of callers are looked at; a quarter of a second suits TTLs of seconds. */
  readonly ticks: Ticks;
  readonly observer: DeliveryObserver;
  /** What grpc.health.v1 answers on these sockets, by service name. */
  readonly serving: Watchable<ServingState>;
  /** What else attested callers get here. @param callerOf  who is at the other end of a call */
  readonly further?: FurtherMethods | undefined;
  /** Open at a time; every workload of a machine has one or two, for as long as it lives. */
  readonly connections?: number;
}

/** Methods for attested callers, which deal with something else than identities. */
export type FurtherMethods = (callerOf: (context: CallContext) => AttestedStream) => readonly GrpcMethod[];

/** The sockets on which workloads get their identities. */
export interface WorkloadEndpoint extends AsyncDisposable {
  /**
   * Adds a socket: the shared one (`attests: 'peer'`) or a workload's own (`attests: 'path'`).
   * Disposing what it returns closes that socket, not its connections.
   * @throws GatehouseError `address_in_use`, `config_invalid`
   */
  listen(address: UnixAddress): Promise<AsyncDisposable & { readonly path: string }>;
  /** What its HTTP/2 server has counted since it was asked last. */
  takeTally(): LaneTally;
  /** Ends all streams with Unavailable, waits at most `graceMs`, closes the sockets. */
  drain(graceMs: number): Promise<void>;
}

const limits: Partial<LaneLimits> = {
  /** Small: requests name audiences and secrets, nothing else. */
  messageBytes: 1024 * 1024,
  concurrentStreams: 1_000,
  heldBytes: 256 * 1024 * 1024,
};

/** Creates the endpoint; it has no socket until `listen`. */
export function createWorkloadEndpoint({
  serving,
  further = () => [],
  connections = 16_384,
  ...given
}: WorkloadEndpointDeps): WorkloadEndpoint {
  const deps = { ...given, consumers: createConsumers(given), waitingStreams: createWaitingStreams(given) };
  const failed = (thrown: unknown): void => deps.observer.failed('HTTP/2', asGatehouseError(thrown));
  const lane = createLane<Connection>({
    calls: [
      ...x509Methods(deps),
      ...jwtMethods(deps),
      ...sdsMethods(deps),
      ...further((context) => new AttestedStream(deps, context)),
      ...healthMethods<Connection>(serving),
    ],
    limits: { ...limits, connections },
    gone: closeRecord,
    failed,
    callFailed: (method, error) => deps.observer.failed(method, error),
  });
  const sockets = new Set<AsyncDisposable>();
  const drain = async (graceMs: number): Promise<void> => {
    const closing = [...sockets].map((socket) => socket[Symbol.asyncDispose]());
    await lane.drain(graceMs);
    await Promise.all(closing);
  };
  return {
    async listen(address) {
      const listener = await listenUnix(address);
      acceptFrom(listener.server, failed, (client) => {
        const connection = recordConnection(client, address);
        lane.accept(client, connection, ownerOf(connection));
      });
      const socket = {
        path: address.path,
        async [Symbol.asyncDispose]() {
          if (!sockets.delete(socket)) return;
          await listener[Symbol.asyncDispose]();
        },
      };
      sockets.add(socket);
      return socket;
    },
    takeTally: createLaneTally(lane.counts),
    drain,
    [Symbol.asyncDispose]: () => drain(0),
  };
}
