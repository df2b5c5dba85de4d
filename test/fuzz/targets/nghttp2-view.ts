/**
 * What nghttp2, inside node:http2, makes of a client's bytes.
 * @module
 */
import { type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { duplexPair } from 'node:stream';
import { frame } from '../../support/raw-h2.ts';

export interface SeenRequest {
  readonly path: string;
  readonly method: string;
  readonly body: Buffer;
}

/** Said last: its answer means that all before it was read. */
const mark = Buffer.from('the-mark');
const MOST_TURNS = 200;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The requests that arrived whole, by stream. Undefined when it ended the connection: nothing follows from that. */
export async function requestsSeenByNghttp2(input: Buffer): Promise<Map<number, SeenRequest> | undefined> {
  const [client, server] = duplexPair();
  const seen = new Map<number, SeenRequest>();
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  const heard: Buffer[] = [];
  client.on('error', end).on('data', (chunk: Buffer) => heard.push(chunk));
  server.on('error', end);
  const session = performServerHandshake(server, {
    settings: { initialWindowSize: 262_144, maxConcurrentStreams: 256, maxHeaderListSize: 16_384 },
  });
  session.on('error', end).on('goaway', () => undefined);
  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const chunks: Buffer[] = [];
    const keep = (): void => {
      const { ':path': path = '', ':method': method = '' } = headers;
      seen.set(stream.id ?? 0, { path, method, body: Buffer.concat(chunks) });
    };
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', keep);
    if ((stream as { endAfterHeaders?: boolean }).endAfterHeaders === true) keep();
  });
  client.write(Buffer.concat([input, frame(6, 0, 0, mark)]));
  const isRead = (): boolean => Buffer.concat(heard).includes(mark);
  for (let turns = 0; turns < MOST_TURNS && !ended && !isRead(); turns += 1) await turn();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  const isOver = ended || session.destroyed || session.closed || !isRead();
  session.destroy();
  client.destroy();
  await turn();
  return isOver ? undefined : seen;
}
