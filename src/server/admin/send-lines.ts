/**
 * Sends an answer that does not end: a line of JSON for each event, as fast as who asked takes them.
 * @module
 */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { versionHeader } from './version-header.ts';

/** Sends events until who asked goes. What fails breaks the connection off. */
export async function sendLines(response: ServerResponse, events: AsyncIterable<unknown>): Promise<void> {
  response.writeHead(200, {
    ...versionHeader,
    'content-type': 'application/x-ndjson',
    'cache-control': 'no-store',
  });
  try {
    await pipeline(async function* lines() {
      for await (const event of events) yield `${JSON.stringify(event)}\n`;
    }, response);
  } catch (thrown) {
    if (!response.destroyed) throw thrown;
    // who asked has gone: that is how each stream ends
  }
}
