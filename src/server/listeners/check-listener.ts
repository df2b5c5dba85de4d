/**
 * The door of Check: the primary accepts, a decider serves.
 *
 * Connections are handed over one by one, unread, so that they are spread evenly, wait while a decider starts again, and
 * come by TCP and unix sockets alike.
 * @module
 */
import type { Socket } from 'node:net';
import { acceptFrom } from '../../transport/accept-from.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { listen } from '../../transport/listen/listener.ts';

/** The bound listener of Check. */
export interface CheckListener extends AsyncDisposable {
  readonly address: ListenAddress;
}

/**
 * Listens for Envoys.
 *
 * @param give  hands a connection to a decider
 * @param failed  told what could not be accepted
 * @throws GatehouseError `address_in_use`, `config_invalid`
 */
export async function openCheckListener(
  at: ListenAddress,
  give: (socket: Socket, listener: ListenAddress) => void,
  failed: (thrown: unknown) => void,
): Promise<CheckListener> {
  const listener = await listen(at, { pauseOnConnect: true });
  acceptFrom(listener.server, failed, (socket) => give(socket, listener.address));
  return { address: listener.address, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}
