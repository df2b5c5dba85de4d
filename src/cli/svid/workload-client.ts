/**
 * A client of the SPIFFE Workload API: as much of it as `svid fetch` and `svid watch` need.
 * @module
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorCode, GatehouseError } from '../../errors.ts';
import type { X509SVIDResponse } from '../../gen/spiffe/workload/workloadapi_pb.ts';
import { X509SVIDRequestSchema, X509SVIDResponseSchema } from '../../gen/spiffe/workload/workloadapi_pb.ts';
import { failureText } from '../../transport/grpc-failure.ts';

const PATH = '/SpiffeWorkloadAPI/FetchX509SVID';

/** What is done with them; a server of another make does not ask. */
interface Usage {
  /** They are only shown: they come without keys, and nobody waits for us as for a holder. */
  readonly looks?: boolean;
  /** They are used for so long. */
  readonly lifeSeconds?: number;
}

/**
 * Streams X.509-SVIDs from the endpoint: the full state at once, and again with every change, until `signal` aborts.
 *
 * @param socket  `unix:PATH`, or a bare path
 * @throws GatehouseError `not_entitled`, `header_missing`, `unreachable`; `details.grpcStatus` is the server's
 */
export async function* fetchX509Svids(
  socket: string,
  signal: AbortSignal,
  usage: Usage = {},
): AsyncGenerator<X509SVIDResponse> {
  const target = socket.startsWith('unix:') ? socket : `unix:${socket}`;
  const client = new Client(target, credentials.createInsecure(), { 'grpc.enable_channelz': 0 });
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', 'true'); // SPIFFE Workload Endpoint §6.1
  if (usage.looks === true) metadata.set('gatehouse-look', 'true');
  if (usage.lifeSeconds !== undefined) metadata.set('gatehouse-life', String(usage.lifeSeconds));
  const call = client.makeServerStreamRequest(
    PATH,
    (request: Uint8Array) => Buffer.from(request),
    (bytes: Buffer) => fromBinary(X509SVIDResponseSchema, bytes),
    toBinary(X509SVIDRequestSchema, { $typeName: 'X509SVIDRequest' }),
    metadata,
  );
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    yield* call as AsyncIterable<X509SVIDResponse>; // what the deserialiser above makes
  } catch (thrown) {
    if (!signal.aborted) throw explain(thrown as ServiceError, target); // a call throws nothing else
  } finally {
    signal.removeEventListener('abort', cancel);
    call.cancel();
    client.close();
  }
}

/** What a refusal of the Workload API means. */
export function explain(error: ServiceError, target: string): GatehouseError {
  const codes: Partial<Record<status, ErrorCode>> = {
    [status.PERMISSION_DENIED]: 'not_entitled',
    [status.INVALID_ARGUMENT]: 'header_missing',
  };
  const code = codes[error.code] ?? 'unreachable';
  const message =
    code === 'unreachable'
      ? `the Workload API at ${target} does not answer: ${failureText(error.details)}`
      : error.details;
  return new GatehouseError(code, message, { grpcStatus: error.code, target }, { cause: error });
}
