/**
 * The two authorities that sign now, with their keys open.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { createJwtIssuer, type JwtIssuer } from './jwt-issuer.ts';
import type { KeyStore, Signer } from './signer.ts';
import { type AuthorityRecord, type AuthorityState, activeOf } from './state.ts';
import { createX509Issuer, type X509Issuer } from './x509-issuer.ts';

export interface Issuers {
  readonly x509: X509Issuer | undefined;
  readonly jwt: JwtIssuer | undefined;
}

export const NO_ISSUERS: Issuers = { x509: undefined, jwt: undefined };

/**
 * Opens the keys of the active authorities; what is open already stays.
 *
 * @throws GatehouseError `store_unusable` when a key is gone
 */
export async function openIssuers(state: AuthorityState, keys: KeyStore, open: Issuers): Promise<Issuers> {
  const x509 = activeOf(state, 'x509');
  const jwt = activeOf(state, 'jwt');
  return {
    x509:
      x509 && open.x509?.authority.id !== x509.id
        ? createX509Issuer(x509, await openKey(x509, keys))
        : x509 && open.x509,
    jwt: jwt && open.jwt?.authority.id !== jwt.id ? createJwtIssuer(jwt, await openKey(jwt, keys)) : jwt && open.jwt,
  };
}

async function openKey(authority: AuthorityRecord, keys: KeyStore): Promise<Signer> {
  const signer = await keys.open(authority.id);
  if (signer) return signer;
  throw new GatehouseError(
    'store_unusable',
    `the key of the active ${authority.use} authority ${authority.id} is gone; restore the key or a backup`,
    { authorityId: authority.id },
  );
}
