/**
 * Header blocks as node:http2 (nghttp2) encodes them: dynamic table, Huffman code and all.
 * @module
 */
import { connect, type OutgoingHttpHeaders } from 'node:http2';
import { duplexPair } from 'node:stream';
import { cutFrames } from './raw-h2.ts';

const PREFACE = 24;

/** The blocks of one connection that sends `requests` in order. */
export async function blocksOf(requests: readonly OutgoingHttpHeaders[]): Promise<Buffer[]> {
  const [client, server] = duplexPair();
  const chunks: Buffer[] = [];
  server.on('data', (chunk: Buffer) => chunks.push(chunk));
  const session = connect('http://localhost', { createConnection: () => client });
  session.on('error', () => {});
  const blocks = (): Buffer[] => blocksIn(Buffer.concat(chunks).subarray(PREFACE));
  for (const headers of requests) {
    session.request(headers, { endStream: true }).on('error', () => {});
  }
  while (blocks().length < requests.length) await new Promise((resolve) => setImmediate(resolve));
  session.destroy();
  return blocks();
}

function blocksIn(bytes: Buffer): Buffer[] {
  const out: Buffer[] = [];
  let open: Buffer[] = [];
  for (const { type, flags, payload } of cutFrames(bytes).frames) {
    if (type !== 1 && type !== 9) continue;
    open.push(type === 1 && flags & 0x20 ? payload.subarray(5) : payload);
    if ((flags & 4) === 0) continue;
    out.push(Buffer.concat(open));
    open = [];
  }
  return out;
}
