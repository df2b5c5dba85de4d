/**
 * How a refused client is told: status, body, `www-authenticate` (RFC 6750 §3).
 * @module
 */
import type { RequestView } from './request-view.ts';
import { statusText, type TokenFault } from './status.ts';
import type { TokenRejected } from './token-outcome.ts';

const maxPathLength = 256;

/** `SCHEME://HOST/PATH?QUERY` of the request, its path cut; empty without a path. Take it before tokens are taken out. */
export function originalUri(request: RequestView): string {
  const { path } = request;
  if (path === undefined) return '';
  return `${request.header(':scheme')[0] ?? ''}://${request.header(':authority')[0] ?? ''}${path.slice(0, maxPathLength)}`;
}

/** The refusal for `fault`, as jwt_authn words it. */
export function refusal(fault: TokenFault, uri: string): Omit<TokenRejected, 'unknownKid'> {
  const body = statusText[fault];
  return {
    outcome: 'rejected',
    status: fault === 'audienceNotAllowed' ? 403 : 401,
    body,
    wwwAuthenticate: `Bearer realm="${uri}"${fault === 'missing' ? '' : ', error="invalid_token"'}`,
    details: `jwt_authn_access_denied{${body.replaceAll(' ', '_')}}`,
  };
}
