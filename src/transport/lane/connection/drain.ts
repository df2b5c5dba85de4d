/**
 * How a connection says goodbye, so that no call is lost (RFC 9113 §6.8): GOAWAY with the highest id and a PING; once that is
 * answered, so that what was under way has arrived, GOAWAY with the last stream that will be answered.
 * @module
 */
import { h2Error, MAX_STREAM_ID } from '../wire/protocol.ts';
import { writeGoaway, writePing } from '../wire/write-frames.ts';
import type { Connection } from './connection.ts';

const DRAIN_PING = Buffer.from('draining', 'latin1');
/** How long the answer to the PING may take before the last stream is named without it. */
const PING_MS = 1_000;

/** Begins to say goodbye. @param graceMs  after this the connection is closed, whatever is under way */
export function startDrain<P>(connection: Connection<P>, graceMs: number): void {
  const { phase, drain, lane, out } = connection;
  if (phase === 'closing' || drain !== undefined) return;
  const startedAt = lane.now();
  connection.advanceTo(startedAt);
  connection.noteDrain({ startedAt, deadlineAt: startedAt + graceMs });
  if (phase === 'greeting') {
    // What it may have sent by now is not read: told so, it can ask elsewhere.
    connection.greet();
    writeGoaway(out, 0, h2Error.none, 'draining');
    connection.close();
    return;
  }
  writeGoaway(out, MAX_STREAM_ID, h2Error.none, 'draining');
  writePing(out, 0, DRAIN_PING);
  connection.flush();
}

/** Whether `bytes[start, start + 8)` answers the PING of a drain that has begun. */
export function isDrainPing<P>({ drain }: Connection<P>, bytes: Buffer, start: number): boolean {
  return drain !== undefined && DRAIN_PING.equals(bytes.subarray(start, start + DRAIN_PING.length));
}

/** Names the last stream; the connection closes as soon as all up to it are answered. */
export function nameLastStream<P>({ past, phase, out }: Connection<P>): void {
  if (phase === 'closing' || !past.nameLast()) return;
  writeGoaway(out, past.lastId, h2Error.none, 'draining');
}

/** Sees whether a drain has waited long enough for its PING, or for its streams. */
export function sweepDrain<P>(connection: Connection<P>, now: number): void {
  const { drain } = connection;
  if (drain === undefined) return;
  if (now > drain.deadlineAt) connection.close();
  else if (now - drain.startedAt > PING_MS) nameLastStream(connection);
}

/** Ends the calls of streaming methods, which would not end by themselves. */
export function stopCalls<P>({ streams }: Connection<P>): void {
  for (const stream of [...streams.values()]) stream.call?.stop();
}
