/**
 * Errors as gRPC says them.
 * @module
 */
import { asGatehouseError, type GatehouseError, meaningOf } from '../errors.ts';
import type { GrpcRefusal } from './lane/method.ts';

/**
 * Returns the status, text and trailers of whatever was thrown. `details.peerText`, if an error has it, is what the peer may read;
 * otherwise it reads the safe text of the code.
 */
export function statusOf(thrown: unknown): GrpcRefusal {
  const error = asGatehouseError(thrown);
  return { status: meaningOf(error.code).grpc, message: peerTextOf(error), trailers: trailersOf(error) };
}

function peerTextOf(error: GatehouseError): string {
  const text = error.details['peerText'];
  return typeof text === 'string' ? text : meaningOf(error.code).safeText;
}

function trailersOf(error: GatehouseError): (readonly [name: string, value: string])[] {
  const traceId = error.details['traceId'];
  const code = ['gatehouse-code', error.code] as const;
  return typeof traceId === 'string' ? [code, ['gatehouse-trace-id', traceId]] : [code];
}
