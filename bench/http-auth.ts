/**
 * What an answer over HTTP costs, held against a handler of `node:http` that does nothing: `npm run bench -- --only http-auth`.
 * @module
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { startChild } from '../test/support/child.ts';
import { gatehouseDir } from '../test/support/gatehouse-dir.ts';
import { type Lines, speakers } from '../test/support/http-asker.ts';
import { runGatehouse } from '../test/support/run-gatehouse.ts';
import { svidOf } from '../test/support/svid-of.ts';
import { type Section, shown, shownSpread, spread } from './lib/figures.ts';
import { root } from './lib/paths.ts';
import { cpuSeconds } from './lib/processes.ts';
import { alone } from './lib/quiet.ts';
import type { Settings } from './lib/settings.ts';

const CONNECTIONS = 16;
const REQUESTS = 20_000;
/** Until V8 has compiled both, of which ours is the longer. */
const WARM_UP = 60_000;

interface Server {
  readonly pid: number;
  readonly port: number;
}

/** CPU time of the server for each answer, in microseconds. Both are asked the same, one after the other, round by round. */
export async function httpAuth({ rounds }: Settings): Promise<Section> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await gatehouseDir());
  const workload = (name: string) => ({
    ...{ namespace: 'default', serviceAccount: name, labels: { app: name } },
    socket: { path: dir.at(`${name}.sock`) },
  });
  await dir.configure({
    listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', httpAuth: '127.0.0.1:0' },
    workloads: ['details', 'productpage'].map(workload),
    log: { level: 'silent' },
  });
  const gatehouse = stack.use(await runGatehouse(dir.config, join(root, 'dist/main.js')));
  const { ready } = gatehouse;
  const ours: Server = { pid: ready.deciderPids.at(-1)!, port: Number(ready.httpAuth!.split(':').at(-1)) };
  const empty = stack.use(startChild(process.execPath, [join(root, 'bench/http-empty.ts')]));
  const port = await new Promise<number>((resolve) => empty.onLine((line) => resolve(Number(line))));
  const { cert } = await svidOf(dir.at('productpage.sock'));
  const certificate = /-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/.exec(cert)![0];
  const rows: (readonly string[])[] = [];
  const raw: unknown[] = [];
  for (const proxy of Object.keys(speakers)) {
    const head = headOf(speakers[proxy]!({ certificate, uri: '/books/1?x=2', headers: usual }));
    const servers = [{ pid: empty.pid, port }, ours];
    for (const server of servers) await cost(server, head, WARM_UP);
    const costs: number[][] = [[], []];
    for (let round = 0; round < rounds; round++)
      for (const [i, server] of servers.entries()) costs[i]!.push(await alone(() => cost(server, head, REQUESTS)));
    const ratios = costs[0]!.map((each, i) => costs[1]![i]! / each);
    raw.push({ proxy, costs, ratios });
    rows.push([proxy, ...costs.map((each) => shown(spread(each).median, 1)), shownSpread(spread(ratios), 2)]);
  }
  return {
    name: 'http-auth',
    title: 'An answer over HTTP',
    note: `CPU µs of the server for each answer, over ${CONNECTIONS} kept connections, ${REQUESTS} requests a round; with a certificate and five headers of a client. Empty: a handler of node:http that answers 200 with nothing.`,
    head: ['asked by', 'empty', 'Gatehouse', 'ratio'],
    rows,
    raw,
  };
}

const usual: Lines = [
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['Accept-Encoding', 'gzip, deflate, br'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Cookie', 'session=0123456789abcdef0123456789abcdef'],
];

const headOf = ({ url, method = 'GET', lines }: { url: string; method?: string; lines: Lines }): string =>
  `${method} ${url} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;

async function cost({ pid, port }: Server, head: string, requests: number): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => opened(port)));
  const before = cpuSeconds([pid]);
  let left = requests;
  await Promise.all(sockets.map((socket) => askWhile(socket, head, () => left-- > 0)));
  const spent = cpuSeconds([pid]) - before;
  for (const socket of sockets) socket.destroy();
  return (spent * 1e6) / requests;
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => undefined); // whoever asks is told, too
  await once(socket, 'connect');
  return socket;
}

/** An answer has no body: it ends with its head. */
function askWhile(socket: Socket, head: string, wanted: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const next = (): void => {
      if (wanted()) socket.write(head, 'latin1');
      else resolve();
    };
    socket.on('error', reject).once('close', () => reject(new Error('the connection was closed')));
    socket.setEncoding('latin1').on('data', (some: string) => {
      text += some;
      if (!text.endsWith('\r\n\r\n')) return;
      if (!text.startsWith('HTTP/1.1 200 ')) reject(new Error(text.slice(0, 300)));
      text = '';
      next();
    });
    next();
  });
}
