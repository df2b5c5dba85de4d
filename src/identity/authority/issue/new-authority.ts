/**
 * Makes new authorities: a key, and the certificate or JWK under which it is published.
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { KeyStore, Signer } from '../keys/signer.ts';
import { BACKDATE_MS } from '../rotate/schedule.ts';
import type { NewAuthority } from '../rotate/slots.ts';
import type { AuthoritySettings } from '../settings.ts';
import type { AuthorityUse } from '../store/state.ts';
import { selfSigned } from './authority-certificate.ts';
import { jwtAlgorithms, newJwtAuthority } from './jwt-issuer.ts';

/** An authority above ours. */
export interface UpstreamAuthority {
  /** Certifies our key as an intermediate. @throws GatehouseError `certificate_invalid` when its own certificate is not fit */
  certify(
    signer: Signer,
    trustDomain: TrustDomain,
    atMs: number,
    ttlMs: number,
    backdateMs?: number,
  ): Promise<NewAuthority>;
  /** When what it would certify now must end, milliseconds since 1970. @throws GatehouseError as `certify` */
  endsAt(atMs: number): Promise<number>;
}

export interface NewAuthorityDeps {
  readonly trustDomain: TrustDomain;
  readonly keys: Pick<KeyStore, 'create'>;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
  /** Signs X.509 authorities instead of themselves. */
  readonly upstream?: UpstreamAuthority;
}

/**
 * Makes a key, durable, and an authority of it that has no slot yet.
 *
 * @throws GatehouseError `certificate_invalid` (the upstream CA is not fit), `store_unavailable`
 */
export async function makeAuthority(use: AuthorityUse, deps: NewAuthorityDeps): Promise<NewAuthority> {
  const { keys, settings, trustDomain, upstream } = deps;
  const atMs = deps.clock.now();
  // no SVID begins before its authority: a new one must not take from them what they are backdated by
  const backdateMs = Math.max(BACKDATE_MS, settings.backdateMs);
  if (use === 'jwt') {
    const signer = await keys.create(jwtAlgorithms[settings.jwtAlgorithm].keyType);
    return newJwtAuthority(signer, settings.jwtAlgorithm, atMs, settings.jwtAuthorityTtlMs, backdateMs);
  }
  const signer = await keys.create(settings.keyType);
  return upstream
    ? upstream.certify(signer, trustDomain, atMs, settings.x509AuthorityTtlMs, backdateMs)
    : selfSigned(signer, trustDomain, atMs, settings.x509AuthorityTtlMs, backdateMs);
}
