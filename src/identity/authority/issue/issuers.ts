/**
 * The two authorities that sign now, with their keys open.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { KeyStore, Signer } from '../keys/signer.ts';
import type { AuthoritySettings } from '../settings.ts';
import type { CurrentState } from '../store/current-state.ts';
import { type AuthorityRecord, activeOf } from '../store/state.ts';
import { createJwtIssuer, type JwtIssuer } from './jwt-issuer.ts';
import { createX509Issuer, type X509Issuer } from './x509-issuer.ts';

/** The issuer of each use; undefined where none can sign. */
export interface Issuers {
  readonly x509: X509Issuer | undefined;
  readonly jwt: JwtIssuer | undefined;
}

/** The issuers, as the state changes. */
export interface OpenIssuers {
  /** Undefined for a use that has no active authority, or one whose key is gone. */
  readonly now: Issuers;
  /**
   * Opens the keys of the authorities that are active now; what is open already stays.
   *
   * @throws GatehouseError `store_unusable` when a key is gone that should be there
   */
  reopen(): Promise<void>;
}

export interface IssuersDeps {
  readonly current: Pick<CurrentState, 'state'>;
  readonly keys: KeyStore;
  /** Keys live in memory: an authority whose key is gone does not sign until another takes its place. */
  readonly keysMayBeGone: boolean;
  readonly settings: Pick<AuthoritySettings, 'backdateMs' | 'jwtIssuer'>;
}

/** Creates the pair of issuers, with no key open yet. */
export function createIssuers({ current, keys, keysMayBeGone, settings }: IssuersDeps): OpenIssuers {
  let now: Issuers = { x509: undefined, jwt: undefined };
  const issuerOf = async <I extends { readonly authority: AuthorityRecord }>(
    active: AuthorityRecord | undefined,
    open: I | undefined,
    create: (authority: AuthorityRecord, signer: Signer) => I,
  ): Promise<I | undefined> => {
    if (!active) return undefined;
    if (open?.authority.id === active.id) return open;
    const signer = await keys.open(active.id);
    if (signer) return create(active, signer);
    if (keysMayBeGone) return undefined;
    throw new GatehouseError(
      'store_unusable',
      `the key of the active ${active.use} authority ${active.id} is gone; restore the key or a backup`,
      { authorityId: active.id },
    );
  };
  return {
    get now() {
      return now;
    },
    async reopen() {
      const { state } = current;
      keys.encryption?.prefer(state.keyEncryptionKeyId);
      const open = now;
      now = {
        x509: await issuerOf(activeOf(state, 'x509'), open.x509, (authority, signer) =>
          createX509Issuer(authority, signer, settings.backdateMs),
        ),
        jwt: await issuerOf(activeOf(state, 'jwt'), open.jwt, (authority, signer) =>
          createJwtIssuer(authority, signer, settings.jwtIssuer),
        ),
      };
    },
  };
}
