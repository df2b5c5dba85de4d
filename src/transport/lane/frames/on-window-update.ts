/**
 * WINDOW_UPDATE: replies that waited go on (RFC 9113 §6.9).
 * @module
 */

import { sendUnsent } from '../calls/reply.ts';
import type { Connection } from '../connection/connection.ts';
import type { Frame } from '../wire/frame.ts';
import { fault, h2Error, MAX_WINDOW, type Outcome } from '../wire/protocol.ts';
import { uint31 } from '../wire/write-frames.ts';

/** WINDOW_UPDATE: widens the window of the connection (id 0) or of a stream, and sends what waited for that. */
export function onWindowUpdate<P>(connection: Connection<P>, { streamId: id, bytes, start, end }: Frame): Outcome {
  if (end - start !== 4) return fault(h2Error.frameSize, 'frame_size', 'WINDOW_UPDATE of a wrong length');
  const flood = connection.spend('window_update_flood');
  if (flood !== undefined) return flood;
  const increment = uint31(bytes, start);
  return id === 0 ? onConnectionWindow(connection, increment) : onStreamWindow(connection, id, increment);
}

/** Sends what the windows let through, the longest waiting first. */
export function resumeBlocked<P>(connection: Connection<P>): void {
  for (const stream of connection.blocked) {
    if (connection.flow.sendWindow <= 0) return;
    sendUnsent(connection, stream);
  }
}

function onConnectionWindow<P>(connection: Connection<P>, increment: number): Outcome {
  if (increment === 0) return fault(h2Error.protocol, 'frame_invalid', 'WINDOW_UPDATE by nothing');
  if (!connection.flow.widen(increment)) return fault(h2Error.flowControl, 'window_overflow', 'window too large');
  resumeBlocked(connection);
  return undefined;
}

function onStreamWindow<P>(connection: Connection<P>, id: number, increment: number): Outcome {
  const stream = connection.streams.get(id);
  if (stream === undefined) {
    const isIdle = connection.past.of(id) === 'idle';
    return isIdle ? fault(h2Error.protocol, 'frame_invalid', 'WINDOW_UPDATE on an idle stream') : undefined;
  }
  if (increment === 0) return connection.resetStream(id, h2Error.protocol, 'frame_invalid');
  stream.sendWindow += increment;
  if (stream.sendWindow > MAX_WINDOW) return connection.resetStream(id, h2Error.flowControl, 'window_overflow');
  if (stream.unsent !== undefined) sendUnsent(connection, stream);
  return undefined;
}
