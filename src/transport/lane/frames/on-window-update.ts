/**
 * WINDOW_UPDATE: replies that waited go on (RFC 9113 §6.9).
 * @module
 */

import { sendUnsent } from '../calls/reply.ts';
import type { Connection } from '../connection/connection.ts';
import { fault, type Outcome } from '../fault.ts';
import { h2Error, MAX_WINDOW } from '../wire/protocol.ts';
import { uint31 } from '../wire/write-frames.ts';

export function onWindowUpdate<P>(link: Connection<P>, id: number, bytes: Buffer, start: number, end: number): Outcome {
  if (end - start !== 4) return fault(h2Error.frameSize, 'frame_size', 'WINDOW_UPDATE of a wrong length');
  const flood = link.spend('window_update_flood');
  if (flood !== undefined) return flood;
  const increment = uint31(bytes, start);
  return id === 0 ? onConnectionWindow(link, increment) : onStreamWindow(link, id, increment);
}

/** Sends what the windows let through, the longest waiting first. */
export function resumeBlocked<P>(link: Connection<P>): void {
  for (const stream of link.blocked) {
    if (link.sendWindow <= 0) return;
    sendUnsent(link, stream);
  }
}

function onConnectionWindow<P>(link: Connection<P>, increment: number): Outcome {
  if (increment === 0) return fault(h2Error.protocol, 'frame_invalid', 'WINDOW_UPDATE by nothing');
  link.sendWindow += increment;
  if (link.sendWindow > MAX_WINDOW) return fault(h2Error.flowControl, 'window_overflow', 'window too large');
  resumeBlocked(link);
  return undefined;
}

function onStreamWindow<P>(link: Connection<P>, id: number, increment: number): Outcome {
  const stream = link.streams.get(id);
  if (stream === undefined) {
    const isIdle = link.past.of(id) === 'idle';
    return isIdle ? fault(h2Error.protocol, 'frame_invalid', 'WINDOW_UPDATE on an idle stream') : undefined;
  }
  if (increment === 0) return link.reset(id, h2Error.protocol, 'frame_invalid');
  stream.sendWindow += increment;
  if (stream.sendWindow > MAX_WINDOW) return link.reset(id, h2Error.flowControl, 'window_overflow');
  if (stream.unsent !== undefined) sendUnsent(link, stream);
  return undefined;
}
