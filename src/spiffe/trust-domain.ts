/**
 * Trust domain names.
 * @module
 */
import { GatehouseError } from '../errors.ts';

declare const parsed: unique symbol;

/** A trust domain name, valid by construction, e.g. `cluster.local`. */
export type TrustDomain = string & { readonly [parsed]: 'TrustDomain' };

const MAX_BYTES = 255;

/**
 * Parses a trust domain name.
 *
 * @param text  lower-case letters, digits, `.`, `-`, `_`; 1 to 255 bytes
 * @throws GatehouseError `trust_domain_invalid`, `details.reason` names the rule that was broken
 * @see SPIFFE-ID §2.1
 */
export function parseTrustDomain(text: string): TrustDomain {
  const reason = problemOf(text);
  if (reason !== undefined) {
    throw new GatehouseError('trust_domain_invalid', `${JSON.stringify(text)} is not a trust domain: ${reason}`, {
      text,
      reason,
    });
  }
  return text as TrustDomain; // checked above
}

function problemOf(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (text.length > MAX_BYTES) return `it is longer than ${MAX_BYTES} bytes`;
  const bad = /[^a-z0-9._-]/.exec(text);
  if (bad) return `character ${JSON.stringify(bad[0])} is not allowed (a-z 0-9 . - _)`;
  return undefined;
}
