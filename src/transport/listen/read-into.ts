/**
 * Sockets that read into a buffer which is used again.
 *
 * Node makes a buffer for every read. The garbage collector counts them as its own and collects the whole heap whenever some
 * tens of megabytes have been read: at full load several times a second, for milliseconds each.
 * @module
 */
import { Socket } from 'node:net';
import { duplicateDescriptor } from './libc.ts';
import { descriptorOf } from './peer-credentials.ts';

/**
 * Takes over the connection of `socket`.
 *
 * @param buffer  may serve many sockets: each read is over before the next begins
 * @param read    hears what came; its bytes are gone once it returns
 * @returns the socket to use from now on, or undefined, and `socket` is as before, when something was read already or there is no descriptor left
 */
export function readInto(socket: Socket, buffer: Buffer, read: (bytes: Buffer) => void): Socket | undefined {
  const given = socket.bytesRead === 0 ? descriptorOf(socket) : undefined;
  const fd = given === undefined ? undefined : duplicateDescriptor(given);
  if (fd === undefined) return undefined;
  socket.destroy();
  const callback = (length: number): boolean => {
    read(buffer.subarray(0, length));
    return true;
  };
  return new Socket({ fd, readable: true, writable: true, onread: { buffer, callback } });
}
