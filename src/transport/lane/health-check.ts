/**
 * grpc.health.v1 Check, for the lane. (Watch streams, so the lane answers it UNIMPLEMENTED, which clients take for "ask Check".)
 * @module
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { grpcStatus } from '../../errors.ts';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from '../../gen/grpc/health/v1/health_pb.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { LaneMethod } from './method.ts';

export const HEALTH_CHECK_PATH = '/grpc.health.v1.Health/Check';

const answers = {
  serving: toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: Status.SERVING })),
  notServing: toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: Status.NOT_SERVING })),
};

/** Says whether a service serves: NOT_FOUND for one that is not in `state`, INTERNAL for bytes that are no request. */
export function healthCheck<P>(state: Watchable<ReadonlyMap<string, boolean>>): LaneMethod<P> {
  return (message) => {
    const service = serviceOf(message);
    if (service === undefined) return { status: grpcStatus.internal, message: 'Error deserializing request' };
    const serving = state.value.get(service);
    if (serving !== undefined) return serving ? answers.serving : answers.notServing;
    return { status: grpcStatus.notFound, message: `no service ${JSON.stringify(service)} here` };
  };
}

function serviceOf(message: Uint8Array): string | undefined {
  try {
    return fromBinary(HealthCheckRequestSchema, message).service;
  } catch {
    return undefined;
  }
}
