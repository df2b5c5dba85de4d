/**
 * Listening, whatever the address.
 * @module
 */
import type { ListenAddress, Listener, ListenOptions } from './listen-address.ts';
import { listenTcp } from './tcp-listener.ts';
import { listenUnix } from './unix-listener.ts';

/** Listens. @throws GatehouseError `address_in_use`, `config_invalid` */
export function listen(address: ListenAddress, options: ListenOptions = {}): Promise<Listener> {
  return address.kind === 'unix' ? listenUnix(address, options) : listenTcp(address, options);
}
