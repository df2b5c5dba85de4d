/**
 * A lane in a process of its own, to be attacked. Forked with its limits as JSON; says its port, then what it has counted and
 * held whenever it is asked.
 * @module
 */
import { createServer } from 'node:net';
import { setInterval } from 'node:timers';
import { createLane } from '../../src/transport/lane/lane.ts';
import { laneMethods } from './lane-methods.ts';

const lane = createLane({ methods: laneMethods, limits: JSON.parse(process.argv[2] ?? '{}') });
const server = createServer((socket) => lane.accept(socket, 'peer'));
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
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
