/**
 * A port for a program that cannot be told to take any.
 * @module
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Answers a port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // listen gave a port
  server.close();
  return port;
}
