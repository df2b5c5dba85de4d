/**
 * What time does to a call of a GrpcMethod. One that has nothing to say, and whose caller owes nothing, may wait for ever.
 * @module
 */
import { deadlineExceeded } from '../calls/call.ts';
import type { Connection } from '../connection/connection.ts';
import type { Outcome } from '../fault.ts';
import { h2Error } from '../wire/protocol.ts';
import type { StreamingCall } from './streaming-call.ts';

/** Looks at one call. */
export function sweepCall<P>(link: Connection<P>, call: StreamingCall<P>, now: number): Outcome {
  const { windowMs, requestMs } = link.lane.limits;
  const { id, unsent, blockedAt, deadlineAt } = call.stream;
  if (unsent !== undefined && now - blockedAt > windowMs) return link.reset(id, h2Error.cancel, 'window_stalled');
  if (now > deadlineAt) call.end(deadlineExceeded);
  else if (call.owedSince >= 0 && now - call.owedSince > requestMs) {
    return link.reset(id, h2Error.cancel, 'request_late');
  }
  return undefined;
}

/** Whether it has to be looked at soon. */
export function isCallTimed<P>({ stream, owedSince }: StreamingCall<P>): boolean {
  return stream.unsent !== undefined || stream.deadlineAt !== Number.POSITIVE_INFINITY || owedSince >= 0;
}
