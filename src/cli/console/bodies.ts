/**
 * Reads what is posted to the console's server: no more than may be, and only so many at once.
 * @module
 */
import type { IncomingMessage } from 'node:http';
import { GatehouseError } from '../../errors.ts';
import { readAtMost } from '../../lib/read-at-most.ts';

/** Reads bodies of one kind. */
export interface Bodies {
  /**
   * Gives the JSON object that a request has brought.
   *
   * @throws GatehouseError `message_too_large`, before anything is read where the request tells its length; `too_many_requests`;
   *   `message_invalid`
   */
  read(request: IncomingMessage): Promise<object>;
}

/** @param mostBytes  of one body @param mostAtOnce  that have begun and not ended */
export function createBodies(mostBytes: number, mostAtOnce: number): Bodies {
  let begun = 0;
  return {
    async read(request) {
      if (Number(request.headers['content-length'] ?? 0) > mostBytes) throw tooLarge(mostBytes);
      if (begun >= mostAtOnce)
        throw new GatehouseError('too_many_requests', `the console reads ${mostAtOnce} questions at once: ask again`);
      begun += 1;
      try {
        return parsed(await bytesOf(request, mostBytes));
      } finally {
        begun -= 1;
      }
    },
  };
}

async function bytesOf(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  // What is left of a body that is too large is not read; the connection ends with the answer, not before it.
  const bytes = await readAtMost(request.iterator({ destroyOnReturn: false }), mostBytes);
  if (bytes === undefined) throw tooLarge(mostBytes);
  return bytes;
}

function parsed(bytes: Buffer): object {
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // told below
  }
  throw new GatehouseError('message_invalid', 'the body is no JSON object');
}

const tooLarge = (mostBytes: number): GatehouseError =>
  new GatehouseError('message_too_large', `that is too large for the console: at most ${mostBytes} bytes`);
