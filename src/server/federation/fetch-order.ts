/**
 * What the server and the thread that fetches bundles say to each other: plain data, by structured clone.
 * @module
 */
import type { JwksConfig } from '../../config/config.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/** One fetch of one bundle. */
export interface FetchOrder {
  readonly trustDomain: TrustDomain;
  readonly url: string;
  readonly proof: EndpointProof;
  /** Which addresses may be asked. */
  readonly networks: JwksConfig;
  /** For all of it, redirects included. */
  readonly timeoutMs: number;
}

/** What the endpoint must show, at each connection. */
export type EndpointProof =
  /** A certificate for its host name; PEM file of the authorities, undefined: the system's. */
  | { readonly kind: 'https_web'; readonly ca: string | undefined }
  /** An SVID of that ID under one of these authorities (DER). */
  | { readonly kind: 'https_spiffe'; readonly endpointSpiffeId: SpiffeId; readonly authorities: readonly Uint8Array[] };

/** What came of it: a bundle that was judged, or why there is none. */
export type FetchOutcome = { readonly bundle: Bundle } | { readonly failure: string };

export type ToFetcher = FetchOrder & { readonly id: number };
export type FromFetcher = { readonly id: number; readonly outcome: FetchOutcome };
