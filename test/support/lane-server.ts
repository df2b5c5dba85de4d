/**
 * A lane in a process of its own, to be called and attacked. Forked with its limits and where to listen besides, as JSON; says its
 * ports, then what it has counted and held whenever it is asked.
 * @module
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setInterval } from 'node:timers';
import { createServer as createTlsServer } from 'node:tls';
import { createLane } from '../../src/transport/lane/lane.ts';
import { usualCalls } from './lane-calls.ts';
import { laneMethods } from './lane-methods.ts';
import type { LanePlaces } from './lane-process.ts';

const [limits, places] = process.argv.slice(2, 4).map((text) => JSON.parse(text)) as [object, LanePlaces]; // lane-process.ts
const lane = createLane<string>({ methods: laneMethods, calls: usualCalls(), limits });

async function port(server: Server): Promise<number> {
  server.on('connection', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // a TCP server has one
}

const plain = await port(createServer((socket) => lane.accept(socket, 'peer', [socket.remoteAddress ?? '', ''])));
let secure = 0;
if (places.key !== undefined && places.certificate !== undefined) {
  const options = { key: readFileSync(places.key), cert: readFileSync(places.certificate), ALPNProtocols: ['h2'] };
  secure = await port(createTlsServer(options, (socket) => lane.accept(socket, 'peer')));
}
if (places.unix !== undefined) {
  await once(createServer((socket) => lane.accept(socket, 'peer')).listen(places.unix), 'listening');
}

let peak = 0;
const look = (): void => {
  peak = Math.max(peak, process.memoryUsage.rss());
};
setInterval(look, 20);
process.on('message', () => {
  look();
  process.send?.({ counts: lane.counts, rss: process.memoryUsage.rss(), peak });
  peak = 0;
});
process.on('disconnect', () => process.exit());
process.send?.({ port: plain, tlsPort: secure });
