/**
 * Registration entries: whoever has all these selectors may be this SPIFFE ID, on these terms.
 * @module
 */
import type { Selector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/** One registration: the SPIFFE ID to which matching callers are entitled, and on which terms. */
export interface Entry {
  readonly spiffeId: SpiffeId;
  /** All must hold; never empty. */
  readonly selectors: readonly Selector[];
  readonly x509SvidTtlMs: number;
  readonly jwtSvidTtlMs: number;
  readonly dnsNames: readonly string[];
  /** `''`: none. */
  readonly hint: string;
  readonly federatesWith: readonly TrustDomain[];
  /** Where it was written, for people, e.g. `gatehouse.yaml:12` or `workloads[2].socket`. */
  readonly origin: string;
}

/** The selector of a caller that came by a workload's own socket. @param path  absolute */
export function socketSelector(path: string): Selector {
  return `socket:${path}`;
}
