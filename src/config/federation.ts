/**
 * `federation` as the program uses it.
 * @module
 */
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts';
import { parseTrustDomain, type TrustDomain } from '../spiffe/trust-domain.ts';
import type { ConfigDocument } from './schema.ts';

/** How a bundle endpoint proves itself. */
export type EndpointProfile =
  /** By a certificate for its host name, of these authorities (PEM file); undefined: of the system's. */
  | { readonly kind: 'https_web'; readonly ca: string | undefined }
  /** By an SVID of that ID. */
  | { readonly kind: 'https_spiffe'; readonly endpointSpiffeId: SpiffeId };

/** Another trust domain, and where its bundle is fetched. */
export interface FederatedDomainConfig {
  readonly trustDomain: TrustDomain;
  readonly url: string;
  readonly profile: EndpointProfile;
}

/** Other trust domains. */
export interface FederationConfig {
  readonly trustDomains: readonly FederatedDomainConfig[];
  /** Whether a namespace or service account in a policy may be one of another trust domain. */
  readonly acceptForeignNamespaces: boolean;
}

/** Of a checked document. */
export function federationConfig(
  { trustDomains, acceptForeignNamespaces }: ConfigDocument['federation'],
  absolute: (path: string) => string,
): FederationConfig {
  return {
    acceptForeignNamespaces,
    trustDomains: Object.entries(trustDomains).map(([name, written]) => ({
      trustDomain: parseTrustDomain(name),
      url: written.url,
      profile:
        written.profile === 'https_web'
          ? { kind: 'https_web', ca: written.ca === '' ? undefined : absolute(written.ca) }
          : { kind: 'https_spiffe', endpointSpiffeId: parseSpiffeId(written.endpointSpiffeId) },
    })),
  };
}
