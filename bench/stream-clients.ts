/**
 * Many Workload API streams from one process, for streams.ts: `stream-clients.ts SOCKET CONNECTIONS STREAMS_EACH`.
 *
 * Says by IPC when all streams have had their first answer, and after a `mark` when all have had another.
 * @module
 */
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';

const [socket = '', connections = '1', streamsEach = '1'] = process.argv.slice(2);
const all = Number(connections) * Number(streamsEach);
const METHOD = '/SpiffeWorkloadAPI/FetchX509SVID';
const EMPTY_MESSAGE = Buffer.alloc(5);
const OPENED_AT_ONCE = 64;

let round = 0;
let heard = 0;
const lastRound = new Uint32Array(all);
const tell = (word: string): void => void process.send?.({ word, at: performance.timeOrigin + performance.now() });
process.on('message', (word) => {
  if (word !== 'mark') return;
  round += 1;
  heard = 0;
  tell('marked');
});
process.on('disconnect', () => process.exit(0));

const hear = (stream: number): void => {
  if (lastRound[stream] === round + 1) return;
  lastRound[stream] = round + 1;
  heard += 1;
  if (heard === all) tell('all');
};

async function open(connection: number): Promise<void> {
  const session = connectHttp2('http://localhost', {
    createConnection: () => connect(socket.replace(/^unix:/, '')),
    settings: { initialWindowSize: 1 << 20 },
  });
  session.on('error', (error) => tell(`session failed: ${error.message}`));
  const opened = Array.from({ length: Number(streamsEach) }, (_, i) => {
    const number = connection * Number(streamsEach) + i;
    const stream = session.request(
      {
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: METHOD,
        'content-type': 'application/grpc',
        te: 'trailers',
        'workload.spiffe.io': 'true',
      },
      { endStream: false },
    );
    stream.end(EMPTY_MESSAGE);
    stream.on('error', (error) => tell(`stream failed: ${error.message}`));
    stream.on('end', () => tell('stream ended'));
    return new Promise<void>((resolve) => {
      stream.on('data', () => {
        hear(number);
        resolve();
      });
    });
  });
  await Promise.all(opened);
}

for (let i = 0; i < Number(connections); i += OPENED_AT_ONCE) {
  const some = Array.from({ length: Math.min(OPENED_AT_ONCE, Number(connections) - i) }, (_, k) => open(i + k));
  await Promise.all(some);
}
