/**
 * The two authorities that sign now, with their keys open.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { KeyStore, Signer } from '../keys/signer.ts';
import { type AuthorityRecord, type AuthorityState, activeOf } from '../store/state.ts';
import { createJwtIssuer, type JwtIssuer } from './jwt-issuer.ts';
import { createX509Issuer, type X509Issuer } from './x509-issuer.ts';

export interface Issuers {
  readonly x509: X509Issuer | undefined;
  readonly jwt: JwtIssuer | undefined;
}

export const NO_ISSUERS: Issuers = { x509: undefined, jwt: undefined };

/**
 * Opens the keys of the active authorities; what is open already stays.
 *
 * @param mayBeGone  keys live in memory: an authority whose key is gone does not sign until another takes its place
 * @throws GatehouseError `store_unusable` when a key is gone that should be there
 */
export async function openIssuers(
  state: AuthorityState,
  keys: KeyStore,
  open: Issuers,
  mayBeGone: boolean,
): Promise<Issuers> {
  const issuerOf = async <I extends { readonly authority: AuthorityRecord }>(
    active: AuthorityRecord | undefined,
    now: I | undefined,
    create: (authority: AuthorityRecord, signer: Signer) => I,
  ): Promise<I | undefined> => {
    if (!active) return undefined;
    if (now?.authority.id === active.id) return now;
    const signer = await keys.open(active.id);
    if (signer) return create(active, signer);
    if (mayBeGone) return undefined;
    throw new GatehouseError(
      'store_unusable',
      `the key of the active ${active.use} authority ${active.id} is gone; restore the key or a backup`,
      { authorityId: active.id },
    );
  };
  return {
    x509: await issuerOf(activeOf(state, 'x509'), open.x509, createX509Issuer),
    jwt: await issuerOf(activeOf(state, 'jwt'), open.jwt, createJwtIssuer),
  };
}
