/**
 * `POST /v1/join-tokens`: lets one decider elsewhere join.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { certificatesToPem } from '../../../identity/pki/pem.ts';
import type { AuthorityHandler } from '../authority-operations.ts';
import { timeText } from '../time-text.ts';

/** The token, and the authorities that the decider may believe until it knows more. */
export const createJoinToken: AuthorityHandler<'POST /v1/join-tokens'> = async ({ who, asked }, { authority, log }) => {
  const { ttlSeconds, reason, decider } = asked;
  const bundle = certificatesToPem(authority.bundles.value.own.x509Authorities);
  if (bundle === '')
    throw new GatehouseError('authority_not_ready', 'no authority is valid now: a decider could believe none');
  const { token, expiresAt } = await authority.joinTokens.create(ttlSeconds * 1000, who, reason, decider);
  log.info({ who, expiresAt: timeText(expiresAt) }, 'a join token was made');
  return {
    trustDomain: authority.trustDomain,
    token,
    expiresAt: timeText(expiresAt),
    bundle,
  };
};
