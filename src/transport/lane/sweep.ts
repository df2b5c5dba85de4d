/**
 * What time does to a connection: looks at it once in a while and ends what has waited too long.
 * @module
 */
import { deadlineExceeded } from './calls/call.ts';
import { sendRefusal } from './calls/reply.ts';
import type { Connection } from './connection/connection.ts';
import { startDrain, sweepDrain } from './connection/drain.ts';
import type { Stream, StreamCall } from './connection/stream.ts';
import { fault, h2Error, type Outcome } from './wire/protocol.ts';

const frameLate = fault(h2Error.enhanceYourCalm, 'frame_late', 'a frame took too long');

/** Looks at one connection. */
export function sweep<P>(connection: Connection<P>, now: number): void {
  const { limits } = connection.lane;
  connection.advanceTo(now);
  if (connection.phase === 'closing') {
    if (now - connection.closedAt > limits.lingerMs) connection.socket.destroy();
    return;
  }
  if (connection.phase === 'greeting' && now - connection.openedAt > limits.prefaceMs) {
    connection.abandon('preface_late');
    return;
  }
  const ends = isFrameLate(connection, now) ? frameLate : sweepStreams(connection, now);
  if (ends !== undefined) {
    connection.fail(ends);
    return;
  }
  sweepDrain(connection, now);
  if (connection.drain === undefined && isIdle(connection) && now - connection.activeAt > limits.idleMs) {
    connection.countHostile('connection_idle');
    startDrain(connection, limits.drainMs);
  }
  connection.flush();
  if (connection.unread.bytes > 0 && now - connection.unread.stalledAt > limits.unreadMs)
    connection.abandon('unread_output');
}

/** Whether nothing is under way that anybody would miss. */
export function isIdle<P>(connection: Connection<P>): boolean {
  if (connection.unread.bytes > 0 || connection.headers.block !== undefined) return false;
  for (const { call } of connection.streams.values()) if (call?.countsAsIdle !== true) return false;
  return true;
}

/** Whether something is under way that has to be over in time. A call that waits for what there is to say is not. */
export function isBusy<P>(connection: Connection<P>): boolean {
  if (connection.unread.bytes > 0 || connection.headers.block !== undefined) return true;
  for (const stream of connection.streams.values()) if (isTimed(stream)) return true;
  return false;
}

function isFrameLate<P>(connection: Connection<P>, now: number): boolean {
  const { frameMs } = connection.lane.limits;
  const { headers, frameBegunAt, unread } = connection;
  if (headers.block !== undefined && now - headers.block.begunAt > frameMs) return true;
  return frameBegunAt >= 0 && !unread.isCongested && now - frameBegunAt > frameMs;
}

function sweepStreams<P>(connection: Connection<P>, now: number): Outcome {
  for (const stream of connection.streams.values()) {
    const outcome = sweepStream(connection, stream, now);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function sweepStream<P>(connection: Connection<P>, stream: Stream<P>, now: number): Outcome {
  if (stream.call !== undefined) return sweepCall(connection, stream, stream.call, now);
  const { windowMs, requestMs } = connection.lane.limits;
  if (stream.unsent !== undefined) {
    return now - stream.blockedAt > windowMs
      ? connection.resetStream(stream.id, h2Error.cancel, 'window_stalled')
      : undefined;
  }
  if (now > stream.deadlineAt) sendRefusal(connection, stream, deadlineExceeded);
  else if (!stream.remoteClosed && now - stream.openedAt > requestMs) {
    return connection.resetStream(stream.id, h2Error.cancel, 'request_late');
  }
  return undefined;
}

/** A call that has nothing to say, and whose caller owes nothing, may wait for ever. */
function sweepCall<P>(connection: Connection<P>, stream: Stream<P>, call: StreamCall, now: number): Outcome {
  const { windowMs, requestMs } = connection.lane.limits;
  if (stream.unsent !== undefined && now - stream.blockedAt > windowMs) {
    return connection.resetStream(stream.id, h2Error.cancel, 'window_stalled');
  }
  if (now > stream.deadlineAt) call.end(deadlineExceeded);
  else if (call.incompleteAt >= 0 && now - call.incompleteAt > requestMs) {
    return connection.resetStream(stream.id, h2Error.cancel, 'request_late');
  }
  return undefined;
}

function isTimed<P>({ call, unsent, deadlineAt }: Stream<P>): boolean {
  if (call === undefined || unsent !== undefined) return true;
  return deadlineAt !== Number.POSITIVE_INFINITY || call.incompleteAt >= 0;
}
