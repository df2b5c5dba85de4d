/**
 * Sends each frame to what it does, and holds the two rules that concern all: SETTINGS comes first, and nothing stands
 * between the frames of one header block.
 * @module
 */
import type { Connection } from '../connection/connection.ts';
import { fault, type Outcome } from '../fault.ts';
import { frameType, h2Error } from '../wire/protocol.ts';
import { onGoaway, onPing, onPriority, onPushPromise, onRstStream, onUnknown } from './on-control.ts';
import { onData } from './on-data.ts';
import { onContinuation, onHeaders } from './on-headers.ts';
import { onSettings } from './on-settings.ts';
import { onWindowUpdate } from './on-window-update.ts';

/** Does what one frame asks for. */
export function dispatch<P>(
  link: Connection<P>,
  type: number,
  flags: number,
  id: number,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  if (link.block !== undefined && (type !== frameType.continuation || id !== link.block.streamId)) {
    return fault(h2Error.protocol, 'frame_invalid', 'a header block was interrupted');
  }
  if (link.phase === 'greeting' && type !== frameType.settings) {
    return fault(h2Error.protocol, 'frame_invalid', 'the first frame must be SETTINGS');
  }
  switch (type) {
    case frameType.data:
      return onData(link, flags, id, bytes, start, end);
    case frameType.headers:
      return onHeaders(link, flags, id, bytes, start, end);
    case frameType.windowUpdate:
      return onWindowUpdate(link, id, bytes, start, end);
    case frameType.settings:
      return onSettings(link, flags, id, bytes, start, end);
    case frameType.ping:
      return onPing(link, flags, id, bytes, start, end);
    case frameType.rstStream:
      return onRstStream(link, id, start, end);
    case frameType.priority:
      return onPriority(link, id, bytes, start, end);
    case frameType.continuation:
      return onContinuation(link, flags, id, bytes, start, end);
    case frameType.goaway:
      return onGoaway(link, id, start, end);
    case frameType.pushPromise:
      return onPushPromise();
    default:
      return onUnknown(link);
  }
}
