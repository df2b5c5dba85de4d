/**
 * Sends each frame to what it does, and holds the two rules that concern all: SETTINGS comes first, and nothing stands
 * between the frames of one header block.
 * @module
 */

import type { Connection } from '../connection/connection.ts';
import type { Frame } from '../wire/frame.ts';
import { fault, frameType, h2Error, type Outcome } from '../wire/protocol.ts';
import { onGoaway, onPing, onPriority, onPushPromise, onRstStream, onUnknown } from './on-control.ts';
import { onData } from './on-data.ts';
import { onContinuation, onHeaders } from './on-headers.ts';
import { onSettings } from './on-settings.ts';
import { onWindowUpdate } from './on-window-update.ts';

/** Does what one frame asks for. */
export function dispatch<P>(connection: Connection<P>, frame: Frame): Outcome {
  const { type } = frame;
  const { block } = connection.headers;
  if (block !== undefined && (type !== frameType.continuation || frame.streamId !== block.streamId)) {
    return fault(h2Error.protocol, 'frame_invalid', 'a header block was interrupted');
  }
  if (connection.phase === 'greeting' && type !== frameType.settings) {
    return fault(h2Error.protocol, 'frame_invalid', 'the first frame must be SETTINGS');
  }
  switch (type) {
    case frameType.data:
      return onData(connection, frame);
    case frameType.headers:
      return onHeaders(connection, frame);
    case frameType.windowUpdate:
      return onWindowUpdate(connection, frame);
    case frameType.settings:
      return onSettings(connection, frame);
    case frameType.ping:
      return onPing(connection, frame);
    case frameType.rstStream:
      return onRstStream(connection, frame);
    case frameType.priority:
      return onPriority(connection, frame);
    case frameType.continuation:
      return onContinuation(connection, frame);
    case frameType.goaway:
      return onGoaway(connection, frame);
    case frameType.pushPromise:
      return onPushPromise();
    default:
      return onUnknown(connection);
  }
}
