/**
 * Lives in a pod's network namespace: listens, and connects where it is told to. One JSON line in, one JSON line out.
 *
 *     node pod-agent.ts PORT…
 * @module
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

interface Target {
  readonly address: string;
  readonly port: number;
}

const isReached = ({ address, port }: Target): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.on('data', () => socket.destroy()).on('close', (failed) => resolve(!failed));
    socket.on('error', () => undefined); // told by close
  });

const listening = process.argv.slice(2).map(
  (port) =>
    new Promise<void>((resolve) => {
      createServer((socket) => socket.on('error', () => undefined).end('here')).listen(Number(port), resolve);
    }),
);
await Promise.all(listening);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const targets = JSON.parse(line) as readonly Target[]; // from the test beside
  console.log(JSON.stringify(await Promise.all(targets.map(isReached))));
}
process.exit(0);
