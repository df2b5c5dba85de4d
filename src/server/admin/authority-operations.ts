/**
 * Handlers that need the authority, and the one error that a server without it answers with.
 * @module
 */
import type { Answer, Route, ScopedRoute } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';
import type { AdminDeps, AuthorityOperations } from './admin-deps.ts';
import type { AdminRequest, AnswerRoute } from './admin-handler.ts';

/** Answers as an `AdminHandler` does; needs the authority. */
export type AuthorityHandler<R extends Route> = (
  request: AdminRequest<R>,
  deps: AdminDeps & AuthorityOperations,
) => Answer<R> | Promise<Answer<R>>;

/**
 * Makes what answers a route of a handler that needs the authority: without one it throws `not_supported`, naming where one is,
 * before it looks at the question.
 */
export const ofAuthority =
  <R extends Exclude<Route, ScopedRoute>>(handle: AuthorityHandler<R>): AnswerRoute<R> =>
  ({ who }, read, deps) => {
    if (deps.operations === undefined) throw noAuthorityHere(deps.config().authorityAddresses);
    return handle({ who, asked: read() }, { ...deps, ...deps.operations });
  };

function noAuthorityHere(addresses: readonly string[]): GatehouseError {
  return new GatehouseError(
    'not_supported',
    `this server is only a decider: ask the server of the authority that it follows (${addresses.join(', ')})`,
    { authorityAddresses: addresses },
  );
}
