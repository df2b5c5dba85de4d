/**
 * Where the configuration says to listen, as `transport/` understands it.
 * @module
 */
import type { ListenerConfig, UnixListener } from '../../config/listeners/listen-config.ts';
import type { ListenAddress, UnixAddress } from '../../transport/listen/listen-address.ts';

/** A unix listener; missing parents are made, and a workload's own socket (`path`) makes none. */
export function unixAddress(listener: UnixListener, attests: UnixAddress['attests']): UnixAddress {
  return { ...listener, makeParents: attests === 'peer', attests };
}

/** Any listener that is not asked for identities. */
export function listenAddress(listener: ListenerConfig): ListenAddress {
  return listener.kind === 'unix' ? unixAddress(listener, 'peer') : listener;
}
