/**
 * Sends each frame to what it does, and holds the two rules that concern all: SETTINGS comes first, and nothing stands
 * between the frames of one header block.
 * @module
 */
import type { Connection } from '../connection/connection.ts';
import { fault, frameType, h2Error, type Outcome } from '../wire/protocol.ts';
import { onGoaway, onPing, onPriority, onPushPromise, onRstStream, onUnknown } from './on-control.ts';
import { onData } from './on-data.ts';
import { onContinuation, onHeaders } from './on-headers.ts';
import { onSettings } from './on-settings.ts';
import { onWindowUpdate } from './on-window-update.ts';

/** Does what one frame asks for. */
export function dispatch<P>(
  connection: Connection<P>,
  type: number,
  flags: number,
  id: number,
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  const { block } = connection.headers;
  if (block !== undefined && (type !== frameType.continuation || id !== block.streamId)) {
    return fault(h2Error.protocol, 'frame_invalid', 'a header block was interrupted');
  }
  if (connection.phase === 'greeting' && type !== frameType.settings) {
    return fault(h2Error.protocol, 'frame_invalid', 'the first frame must be SETTINGS');
  }
  switch (type) {
    case frameType.data:
      return onData(connection, flags, id, bytes, start, end);
    case frameType.headers:
      return onHeaders(connection, flags, id, bytes, start, end);
    case frameType.windowUpdate:
      return onWindowUpdate(connection, id, bytes, start, end);
    case frameType.settings:
      return onSettings(connection, flags, id, bytes, start, end);
    case frameType.ping:
      return onPing(connection, flags, id, bytes, start, end);
    case frameType.rstStream:
      return onRstStream(connection, id, start, end);
    case frameType.priority:
      return onPriority(connection, id, bytes, start, end);
    case frameType.continuation:
      return onContinuation(connection, flags, id, bytes, start, end);
    case frameType.goaway:
      return onGoaway(connection, id, start, end);
    case frameType.pushPromise:
      return onPushPromise();
    default:
      return onUnknown(connection);
  }
}
