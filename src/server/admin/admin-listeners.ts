/**
 * The admin API at every address that the configuration names.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import type { HttpListener, HttpListenerDeps } from '../listeners/http-listener.ts';
import { type AdminListenerDeps, openAdmin } from './admin-listener.ts';

/** Its bound listeners, in the order of the configuration. */
export interface AdminListeners extends AsyncDisposable {
  /** Really bound. */
  readonly addresses: readonly ListenAddress[];
  takeTallies(): readonly ReturnType<HttpListener['takeTally']>[];
}

export interface AdminListenersDeps extends Omit<AdminListenerDeps, 'at' | 'status' | 'beside'> {
  /** @param addresses  those that are bound by now, the one that is asked among them */
  readonly status: (addresses: readonly ListenAddress[]) => ReturnType<AdminListenerDeps['status']>;
}

/** Opens them one after the other. @throws GatehouseError `address_in_use`, `config_invalid`; then none stays open */
export async function openAdmins(
  { listen }: Pick<Config, 'listen'>,
  identity: HttpListenerDeps['identity'],
  deps: AdminListenersDeps,
): Promise<AdminListeners> {
  await using stack = new AsyncDisposableStack();
  const opened: HttpListener[] = [];
  const addresses: ListenAddress[] = [];
  const status = (asked: ListenAddress) => deps.status(addresses.includes(asked) ? addresses : [...addresses, asked]);
  for (const at of listen.admin) {
    const listener = stack.use(await openAdmin(identity, { ...deps, at, beside: listen.admin.length, status }));
    opened.push(listener);
    addresses.push(listener.address);
  }
  const all = stack.move();
  return {
    addresses,
    takeTallies: () => opened.map((each) => each.takeTally()),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
