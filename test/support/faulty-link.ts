/**
 * A way to a server's socket that a test can hold up, slow down and cut, as a network does.
 * @module
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface FaultyLink extends AsyncDisposable {
  /** Nothing passes any more, either way, and nobody is told; what is sent waits. */
  hold(): void;
  /** Every piece of data takes so long from now on, either way. */
  slow(delayMs: number): void;
  /** Ends what is open; new connections are let through. */
  cut(): void;
  /** All passes, what has waited first. */
  heal(): void;
}

/** Opens one at a path of a unix socket. @param target  where it leads, asked once a connection */
export async function faultyLink(path: string, target: () => string): Promise<FaultyLink> {
  const open = new Set<Socket>();
  let delayMs = 0;
  let passes = Promise.resolve();
  let letPass = (): void => undefined;

  async function carry(from: Socket, to: Socket): Promise<void> {
    for await (const bytes of from) {
      await passes;
      if (delayMs > 0) await delay(delayMs);
      if (!to.writable) return;
      if (!to.write(bytes as Uint8Array)) await once(to, 'drain'); // a socket without an encoding yields bytes
    }
    to.end();
  }

  const server = createServer((near) => {
    const far = connect(target());
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.once('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.on('error', () => undefined);
      carry(one, other).catch(() => other.destroy());
    }
  }).listen(path);
  await once(server, 'listening');
  const heal = (): void => {
    delayMs = 0;
    letPass();
  };
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    ...{ heal, cut },
    hold() {
      ({ promise: passes, resolve: letPass } = Promise.withResolvers<void>());
    },
    slow(ms) {
      delayMs = ms;
    },
    async [Symbol.asyncDispose]() {
      heal();
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
