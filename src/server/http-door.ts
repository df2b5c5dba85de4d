/**
 * HTTP on listeners of ours.
 * @module
 */
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { ListenAddress } from '../transport/listen-address.ts';
import { listen } from '../transport/listener.ts';

export interface HttpDoor extends AsyncDisposable {
  /** The address really bound. */
  readonly address: ListenAddress;
}

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Serves HTTP/1.1.
 *
 * @param admit  looks at each connection before its first byte is read
 * @throws GatehouseError `address_in_use`, `config_invalid`
 */
export async function openHttpDoor(
  at: ListenAddress,
  handle: RequestListener,
  admit: (socket: Socket) => void = () => undefined,
): Promise<HttpDoor> {
  const http = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 16_384 },
    handle,
  );
  const listener = await listen(at);
  const sockets = new Set<Socket>();
  listener.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    admit(socket);
    http.emit('connection', socket);
  });
  return {
    address: listener.address,
    async [Symbol.asyncDispose]() {
      const closed = listener[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
