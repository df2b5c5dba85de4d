/**
 * CORS preflights carry no credentials, so tokens are not asked for.
 * @module
 */
import type { TokenRequest } from './token-outcome.ts';

/** OPTIONS with an `origin` and an `access-control-request-method` that are not empty. */
export const isPreflight = (request: TokenRequest): boolean =>
  request.header(':method')[0] === 'OPTIONS' && has(request, 'origin') && has(request, 'access-control-request-method');

/** These two are single-valued in Envoy: lines are joined, so any that is not empty will do. */
const has = (request: TokenRequest, name: string): boolean => request.header(name).some((line) => line !== '');
