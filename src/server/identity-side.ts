/**
 * Opens the identity side of a server: the authority here, or the one that is followed elsewhere.
 * @module
 */
import { openAuthoritySide } from './authority/authority-side.ts';
import type { IdentitySide, IdentitySideDeps } from './identity-interface.ts';
import { type RevocationRows, revocationsOf } from './revocations.ts';

/**
 * Opens the authority of this server, or begins to follow the one elsewhere.
 *
 * @throws GatehouseError `store_unusable`, `store_unavailable`, `key_invalid`, `not_supported`; `config_invalid` when nothing lets
 *   this server join
 */
export async function openIdentitySide(deps: IdentitySideDeps): Promise<IdentitySide> {
  const side = deps.config.value.roles.includes('authority') ? await openAuthoritySide(deps) : await follow(deps);
  const tell = (rows: RevocationRows | undefined): void => deps.revocations.replace(rows && revocationsOf(rows));
  side.revocations.subscribe(tell);
  tell(side.revocations.value);
  deps.refusals.deliverTo(side);
  return side;
}

async function follow(deps: IdentitySideDeps): Promise<IdentitySide> {
  const { openFollowerSide } = await import('./feed/follower-side.ts');
  return openFollowerSide(deps);
}
