/**
 * What the server and its process for public documents say to each other.
 * @module
 */
import type { ErrorCode } from '../../errors.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import type { TcpAddress } from '../../transport/listen/listen-address.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';

/** A document that anybody may have. */
export interface PublicDocument {
  /** Of the URL, without a query. */
  readonly path: string;
  /** Its media type. */
  readonly type: string;
  readonly body: string;
  /** How long a cache between us and a client may keep it. */
  readonly maxAgeSeconds: number;
}

/** What is served now: told whole each time. Undefined `documents`: there are none yet, and whoever asks is to come again. */
export interface Served {
  readonly identity: TlsIdentity | undefined;
  readonly documents: readonly PublicDocument[] | undefined;
}

export type ToDocuments =
  | { readonly kind: 'open'; readonly address: TcpAddress; readonly connections: number; readonly served: Served }
  | { readonly kind: 'serve'; readonly served: Served }
  | { readonly kind: 'count' };

export type FromDocuments =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'opened'; readonly address: TcpAddress }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'counted'; readonly tally: LaneTally };
