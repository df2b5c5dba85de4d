/**
 * Begins a call of a GrpcMethod on a stream that was just opened.
 * @module
 */
import type { GrpcMethod } from '../../grpc-methods.ts';
import type { Connection } from '../connection/connection.ts';
import type { Stream } from '../connection/stream.ts';
import { StreamingCall } from './streaming-call.ts';

export function openCall<P>(link: Connection<P>, stream: Stream<P>, method: GrpcMethod<P>): void {
  stream.call = new StreamingCall(link, stream, method);
  stream.call.begin();
}
