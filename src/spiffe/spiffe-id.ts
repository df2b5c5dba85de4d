/**
 * SPIFFE IDs.
 * In: text from a certificate, a policy or a peer. Out: a value that is valid by construction.
 * @module
 */
import { GatehouseError } from '../errors.ts';
import { parseTrustDomain, type TrustDomain } from './trust-domain.ts';

declare const parsed: unique symbol;

/** A SPIFFE ID, valid by construction, e.g. `spiffe://cluster.local/ns/default/sa/details`. */
export type SpiffeId = string & { readonly [parsed]: 'SpiffeId' };

/** Who a workload is in Kubernetes' words: `/ns/<namespace>/sa/<serviceAccount>`. */
export interface ServiceAccountRef {
  readonly namespace: string;
  readonly serviceAccount: string;
}

const SCHEME = 'spiffe://';
const MAX_BYTES = 2048;

/**
 * Parses a SPIFFE ID.
 *
 * @param text  at most 2048 bytes, e.g. `spiffe://cluster.local/ns/default/sa/details`; the path may be empty (a trust domain's own ID)
 * @throws GatehouseError `spiffe_id_invalid`, `details.reason` names the rule that was broken
 * @see SPIFFE-ID §2
 */
export function parseSpiffeId(text: string): SpiffeId {
  const reason = problemOf(text);
  if (reason !== undefined) {
    throw new GatehouseError('spiffe_id_invalid', `${JSON.stringify(text)} is not a SPIFFE ID: ${reason}`, {
      text,
      reason,
    });
  }
  return text as SpiffeId; // checked above
}

function problemOf(text: string): string | undefined {
  if (!text.startsWith(SCHEME)) return `it does not start with ${SCHEME}`;
  if (text.length > MAX_BYTES) return `it is longer than ${MAX_BYTES} bytes`;
  const slash = text.indexOf('/', SCHEME.length);
  const authority = slash < 0 ? text.slice(SCHEME.length) : text.slice(SCHEME.length, slash);
  try {
    parseTrustDomain(authority);
  } catch (thrown) {
    return `trust domain: ${String((thrown as GatehouseError).details['reason'])}`; // parseTrustDomain throws nothing else
  }
  return slash < 0 ? undefined : problemOfPath(text.slice(slash));
}

function problemOfPath(path: string): string | undefined {
  for (const segment of path.slice(1).split('/')) {
    if (segment === '') return path.endsWith('/') ? 'it ends with a slash' : 'a path segment is empty';
    if (segment === '.' || segment === '..') return `path segment ${JSON.stringify(segment)} is not allowed`;
    const bad = /[^A-Za-z0-9._-]/.exec(segment);
    if (bad) return `character ${JSON.stringify(bad[0])} is not allowed in a path (A-Z a-z 0-9 . - _)`;
  }
  return undefined;
}

/** The trust domain of a SPIFFE ID. */
export function trustDomainOf(id: SpiffeId): TrustDomain {
  const slash = id.indexOf('/', SCHEME.length);
  return (slash < 0 ? id.slice(SCHEME.length) : id.slice(SCHEME.length, slash)) as TrustDomain; // part of a parsed ID
}

/** The path of a SPIFFE ID with its leading slash, or `''`. */
export function pathOf(id: SpiffeId): string {
  const slash = id.indexOf('/', SCHEME.length);
  return slash < 0 ? '' : id.slice(slash);
}

/** The SPIFFE ID of a trust domain itself, e.g. `spiffe://cluster.local`. */
export function idOfTrustDomain(trustDomain: TrustDomain): SpiffeId {
  return `${SCHEME}${trustDomain}` as SpiffeId; // a trust domain is a valid authority
}

/** Namespace and service account of an ID of the form `/ns/<namespace>/sa/<service account>`, else undefined. */
export function serviceAccountOf(id: SpiffeId): ServiceAccountRef | undefined {
  const [empty, ns, namespace, sa, serviceAccount, ...rest] = pathOf(id).split('/');
  if (empty !== '' || ns !== 'ns' || sa !== 'sa' || rest.length > 0) return undefined;
  return namespace && serviceAccount ? { namespace, serviceAccount } : undefined;
}
