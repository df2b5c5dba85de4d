/**
 * Check by grpc-js.
 * @module
 */
import type { Caller } from '../../authz/destination/destination.ts';
import { rawUnary } from '../../transport/grpc-js/grpc-js-handlers.ts';
import { createGrpcServer } from '../../transport/grpc-js/grpc-server.ts';
import { healthMethods } from '../../transport/health-service.ts';
import type { Connection } from '../../transport/listen/connections.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { CHECK_PATH, type InnerTransport, MAX_REQUEST_BYTES, NOBODY, type WireDeps } from './check-wire.ts';

const MAX_CALLS_PER_CONNECTION = 100_000;

/** Creates the transport by grpc-js, which counts nothing of its own. */
export function createGrpcTransport({ check, serving, trouble }: WireDeps): InnerTransport {
  const callers = new WeakMap<Connection, Caller>();
  const callerOf = (connection: Connection | undefined): Caller => (connection && callers.get(connection)) ?? NOBODY;
  const grpc = createGrpcServer({
    methods: [
      rawUnary({ path: CHECK_PATH }, (request, connection) => check(request, callerOf(connection))),
      ...healthMethods(serving),
    ],
    limits: {
      maxReceiveMessageBytes: MAX_REQUEST_BYTES,
      maxConcurrentStreams: MAX_CALLS_PER_CONNECTION,
      connections: connectionLimit('ext-authz'),
    },
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
