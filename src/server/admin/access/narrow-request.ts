/**
 * A request as somebody sees it who reads some namespaces only: the caller by SPIFFE ID alone where he is elsewhere, and no headers.
 * @module
 */
import type { RequestForm } from '../../../admin-api/request-form.ts';
import { idOf, type Sight } from './sight.ts';

/** By what an explanation is narrowed. */
export interface Narrowing {
  readonly sight: Sight;
  /** He wrote the request himself: what is in it he knows. */
  readonly isOwnQuestion: boolean;
  /** The caller lives in his namespaces. */
  readonly isCallerSeen: boolean;
}

/** Leaves what he may know. */
export function narrowRequest(request: RequestForm | null, { isCallerSeen }: Narrowing): RequestForm | null {
  if (request === null) return null;
  const { source = {}, destination, http, tls } = request;
  const { principal = '', address, port } = source;
  const place = { ...(address !== undefined && { address }), ...(port !== undefined && { port }) };
  const shown = isCallerSeen ? { principal, ...place } : idOf(principal) === undefined ? {} : { principal };
  return {
    source: shown,
    ...(destination && { destination: { ...destination, certificate: '' } }),
    ...(http && { http: withoutHeaders(http) }),
    ...(tls && { tls }),
  };
}

function withoutHeaders({ method, path, host, scheme }: NonNullable<RequestForm['http']>) {
  return {
    ...(method !== undefined && { method }),
    ...(path !== undefined && { path: path.split(/[?#]/, 1)[0] ?? '' }),
    ...(host !== undefined && { host }),
    ...(scheme !== undefined && { scheme }),
  };
}
