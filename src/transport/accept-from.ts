/**
 * Takes the connections of a listener, each inside a guard.
 * @module
 */
import type { Server, Socket } from 'node:net';

/**
 * Hands over every connection. What `serve` throws ends that one alone; that none can be accepted, for want of descriptors, ends
 * nothing.
 *
 * @param failed  told of either
 */
export function acceptFrom(server: Server, failed: (thrown: unknown) => void, serve: (socket: Socket) => void): void {
  server.on('error', failed);
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy()); // a peer may go at any time
    try {
      serve(socket);
    } catch (thrown) {
      socket.destroy();
      failed(thrown);
    }
  });
}
