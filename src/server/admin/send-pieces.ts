/**
 * Sends an answer in pieces, as fast as who asked takes them.
 * @module
 */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { versionHeader } from './version-header.ts';

/**
 * Sends bytes piece by piece. What fails before the first piece can still be answered as an error; what fails later breaks the
 * connection off, so that nobody takes the part for the whole.
 */
export async function sendPieces(response: ServerResponse, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const rest = pieces[Symbol.asyncIterator]();
  const first = await rest.next();
  response.writeHead(200, {
    ...versionHeader,
    'content-type': 'application/octet-stream',
    'cache-control': 'no-store',
  });
  await pipeline(async function* all() {
    try {
      for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
    } finally {
      await rest.return?.();
    }
  }, response);
}
