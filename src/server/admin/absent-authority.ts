/**
 * The authority of a server that has none: whatever is asked of it, it says where one is.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Authority } from '../../identity/authority/authority.ts';

/** What every question about the authority is answered with. */
export function noAuthorityHere(addresses: readonly string[]): GatehouseError {
  return new GatehouseError(
    'not_supported',
    `this server is only a decider: ask the server of the authority that it follows (${addresses.join(', ')})`,
    { authorityAddresses: addresses },
  );
}

/** Stands in the place of the authority. */
export function absentAuthority(addresses: readonly string[]): Authority {
  return new Proxy({} as Authority, {
    get() {
      throw noAuthorityHere(addresses);
    },
  });
}
