/**
 * The door of Check: the primary accepts, a decider serves.
 *
 * Connections are handed over one by one, unread, so that they are spread evenly, wait while a decider starts again, and
 * come by TCP and unix sockets alike.
 * @module
 */
import { acceptFrom } from '../../transport/accept-from.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { listen } from '../../transport/listen/listener.ts';
import type { Deciders } from '../decider/deciders.ts';

/** The bound listener of Check. */
export interface CheckListener extends AsyncDisposable {
  readonly address: ListenAddress;
}

/** Listens for Envoys. @param failed  told what could not be accepted. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openCheckListener(
  at: ListenAddress,
  deciders: Deciders,
  failed: (thrown: unknown) => void,
): Promise<CheckListener> {
  const listener = await listen(at, { pauseOnConnect: true });
  acceptFrom(listener.server, failed, (socket) => deciders.give(socket, listener.address));
  return { address: listener.address, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}
