/**
 * An address behind which another server may stand tomorrow: a virtual IP, a DNS name, a proxy.
 * @module
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface MovableAddress extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** What comes from now on goes to that port of this machine; connections that are open stay where they are. */
  lead(port: number): void;
}

/** Opens one that leads to `port`. */
export async function movableAddress(port: number): Promise<MovableAddress> {
  let target = port;
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server's is one
    lead(next) {
      target = next;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
