/**
 * Whether somebody listens.
 * @module
 */
import { connect } from 'node:net';

/** Tells whether a connection to a port of this machine is taken. */
export function isPortOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
