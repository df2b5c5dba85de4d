/**
 * Errors as gRPC says them.
 * @module
 */
import { type Metadata, Metadata as MetadataClass, type StatusObject } from '@grpc/grpc-js';
import { asGatehouseError, type GatehouseError, meaningOf } from '../errors.ts';

/** `details.peerText`, if an error has it, is what the peer may read; otherwise it reads the safe text of the code. */
export function statusOf(thrown: unknown): StatusObject {
  const error = asGatehouseError(thrown);
  return { code: meaningOf(error.code).grpc, details: peerTextOf(error), metadata: trailersOf(error) };
}

function peerTextOf(error: GatehouseError): string {
  const text = error.details['peerText'];
  return typeof text === 'string' ? text : meaningOf(error.code).safeText;
}

function trailersOf(error: GatehouseError): Metadata {
  const metadata = new MetadataClass();
  metadata.set('gatehouse-code', error.code);
  const traceId = error.details['traceId'];
  if (typeof traceId === 'string') metadata.set('gatehouse-trace-id', traceId);
  return metadata;
}
