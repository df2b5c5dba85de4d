/**
 * A lane behind a TCP port of loopback, for the time of one test.
 * @module
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Lane } from '../../src/transport/lane/lane.ts';

export interface LanePort extends AsyncDisposable {
  readonly port: number;
}

/** Closes the lane too. @param accept  takes each connection; as `peer` unless told otherwise */
export async function lanePort(
  lane: Lane<string>,
  accept = (socket: Socket): void => lane.accept(socket, 'peer'),
): Promise<LanePort> {
  const server = createServer(accept).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // a TCP server has one
    async [Symbol.asyncDispose]() {
      server.close();
      await lane[Symbol.asyncDispose]();
    },
  };
}
