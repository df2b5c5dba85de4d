/**
 * Asks grpc.health.v1 of a server by grpc-js.
 * @module
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from '../../src/gen/grpc/health/v1/health_pb.ts';

const AUTHORIZATION = 'envoy.service.auth.v3.Authorization';
const WORKLOAD_API = 'SpiffeWorkloadAPI';
const SDS = 'envoy.service.secret.v3.SecretDiscoveryService';

const names = new Map<Status, string>(Object.entries(Status).map(([name, value]) => [value, name]));

/** What it says of that service: a status, or `code N`. */
export function healthOf(target: string, service: string): Promise<Status | string> {
  const client = new Client(target, credentials.createInsecure());
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes),
      toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })),
      (error, answer) => {
        client.close();
        resolve(error === null ? (answer?.status ?? Status.UNKNOWN) : `code ${error.code}`);
      },
    );
  });
}

/** What it says of each of the four names of the contract: `""`, Authorization, Workload API, SDS. */
export async function healthOfAll(target: string): Promise<string> {
  const answers = await Promise.all(['', AUTHORIZATION, WORKLOAD_API, SDS].map((each) => healthOf(target, each)));
  return answers.map((each) => (typeof each === 'string' ? each : names.get(each))).join();
}
