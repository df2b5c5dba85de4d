/**
 * What time does to a connection: looks at it once in a while and ends what has waited too long.
 * @module
 */
import { expire } from './calls/call.ts';
import type { Connection } from './connection/connection.ts';
import type { Stream } from './connection/stream.ts';
import { fault, type Outcome } from './fault.ts';
import { isCallTimed, sweepCall } from './streaming/sweep-call.ts';
import { h2Error } from './wire/protocol.ts';

const frameLate = fault(h2Error.enhanceYourCalm, 'frame_late', 'a frame took too long');
/** How long the answer to the PING of a drain may take before the last stream is named without it. */
const DRAIN_PING_MS = 1_000;

/** Looks at one connection. */
export function sweep<P>(link: Connection<P>, now: number): void {
  const { limits } = link.lane;
  link.now = now;
  if (link.phase === 'closing') {
    if (now - link.closingAt > limits.lingerMs) link.socket.destroy();
    return;
  }
  if (link.phase === 'greeting' && now - link.openedAt > limits.prefaceMs) {
    link.abandon('preface_late');
    return;
  }
  const ends = isFrameLate(link, now) ? frameLate : sweepStreams(link, now);
  if (ends !== undefined) {
    link.fail(ends);
    return;
  }
  if (link.drainingSince > 0) sweepDrain(link, now);
  if (link.drainingSince === 0 && isIdle(link) && now - link.activeAt > limits.idleMs) {
    link.countHostile('connection_idle');
    link.drain(limits.drainMs);
  }
  link.settle();
  if (link.unread > 0 && now - link.unreadSince > limits.unreadMs) link.abandon('unread_output');
}

/** Whether nothing is under way that anybody would miss. */
export function isIdle<P>(link: Connection<P>): boolean {
  if (link.unread > 0 || link.block !== undefined) return false;
  for (const { call } of link.streams.values()) if (call?.countsAsIdle !== true) return false;
  return true;
}

/** Whether something is under way that has to be over in time. A call that waits for what there is to say is not. */
export function isBusy<P>(link: Connection<P>): boolean {
  if (link.unread > 0 || link.block !== undefined) return true;
  for (const { call } of link.streams.values()) if (call === undefined || isCallTimed(call)) return true;
  return false;
}

function isFrameLate<P>(link: Connection<P>, now: number): boolean {
  const { frameMs } = link.lane.limits;
  if (link.block !== undefined && now - link.block.begunAt > frameMs) return true;
  return link.partialFrame >= 0 && !link.congested && now - link.partialSince > frameMs;
}

function sweepStreams<P>(link: Connection<P>, now: number): Outcome {
  for (const stream of link.streams.values()) {
    const outcome = sweepStream(link, stream, now);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function sweepStream<P>(link: Connection<P>, stream: Stream<P>, now: number): Outcome {
  if (stream.call !== undefined) return sweepCall(link, stream.call, now);
  const { windowMs, requestMs } = link.lane.limits;
  if (stream.unsent !== undefined) {
    return now - stream.blockedAt > windowMs ? link.reset(stream.id, h2Error.cancel, 'window_stalled') : undefined;
  }
  if (now > stream.deadlineAt) expire(link, stream);
  else if (!stream.remoteClosed && now - stream.openedAt > requestMs) {
    return link.reset(stream.id, h2Error.cancel, 'request_late');
  }
  return undefined;
}

function sweepDrain<P>(link: Connection<P>, now: number): void {
  const waited = now - link.drainingSince;
  if (now > link.drainUntil) link.close();
  else if (waited > DRAIN_PING_MS) link.drainNow();
}
