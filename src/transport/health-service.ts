/**
 * grpc.health.v1: is a service serving?
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { GatehouseError } from '../errors.ts';
import {
  Health,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from '../gen/grpc/health/v1/health_pb.ts';
import { createWakeup } from '../lib/wakeup.ts';
import type { Watchable } from '../lib/watchable.ts';
import { type GrpcMethod, serverStreaming, unary } from './grpc-methods.ts';

/** Service name → serving; `''` stands for the server as a whole. */
export type ServingState = ReadonlyMap<string, boolean>;

/**
 * Returns `grpc.health.v1.Health`. Check answers NOT_FOUND for a service that is not in `state`; Watch says SERVICE_UNKNOWN and goes on, in case it comes.
 *
 * @see gRPC Health Checking Protocol
 */
export function healthMethods<P>(state: Watchable<ServingState>): GrpcMethod<P>[] {
  const statusOf = (service: string) => {
    const serving = state.value.get(service);
    if (serving === undefined) return Status.SERVICE_UNKNOWN;
    return serving ? Status.SERVING : Status.NOT_SERVING;
  };
  const watch = serverStreaming<typeof Health.method.watch, P>(
    Health.method.watch,
    async function* ({ service }, { signal }) {
      const changed = createWakeup();
      const unsubscribe = state.subscribe(() => changed.wake());
      try {
        let last: number | undefined;
        while (!signal.aborted) {
          const status = statusOf(service);
          if (status !== last) yield create(HealthCheckResponseSchema, { status });
          last = status;
          await changed.wait(signal);
        }
      } finally {
        unsubscribe();
      }
    },
  );
  return [
    unary<typeof Health.method.check, P>(Health.method.check, async ({ service }) => {
      if (!state.value.has(service))
        throw new GatehouseError('not_found', `no service ${JSON.stringify(service)} here`);
      return create(HealthCheckResponseSchema, { status: statusOf(service) });
    }),
    { ...watch, countsAsIdle: true },
  ];
}
