/**
 * Puts the repair of `:authority` between a client and Node's HTTP/2.
 * @module
 */
import { Socket } from 'node:net';
import { createAuthorityRepair } from './authority-repair.ts';
import { connectedDescriptors } from './libc.ts';

/**
 * A socket that gives what `client` sends, repaired, and sends what is written to it to `client`; each ends with the other.
 *
 * Node's HTTP/2 reads sockets below JavaScript, so that only a socket can stand between: one end of a connected pair.
 * @returns undefined when this process has no descriptors left
 */
export function repairedSocket(client: Socket): Socket | undefined {
  const pair = connectedDescriptors();
  if (pair === undefined) return undefined;
  const [ours, served] = pair.map((fd) => new Socket({ fd, readable: true, writable: true })) as [Socket, Socket]; // of a pair
  const repair = createAuthorityRepair();
  client.on('data', (chunk: Buffer) => {
    const repaired = repair.push(chunk);
    if (repaired === undefined) return void client.destroy();
    ours.cork();
    for (const bytes of repaired) ours.write(bytes);
    ours.uncork();
    if (ours.writableNeedDrain) client.pause();
  });
  ours.on('drain', () => client.resume());
  client.on('end', () => ours.end());
  client.on('close', () => ours.destroy());
  ours.pipe(client);
  ours.on('error', () => client.destroy());
  served.on('error', () => served.destroy());
  ours.on('close', () => client.destroySoon());
  return served;
}
