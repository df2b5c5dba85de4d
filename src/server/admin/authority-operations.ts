/**
 * What only a server with the authority role can do, and the one error that any other server answers with.
 * @module
 */
import type { Answer, Route } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import type { Forecast } from '../../identity/authority/rotate/forecast.ts';
import type { AuthorityUse } from '../../identity/authority/store/state.ts';
import type { AdminDeps } from './admin-deps.ts';
import type { AdminRequest, AnswerRoute } from './admin-handler.ts';

export interface AuthorityOperations {
  readonly authority: Authority;
  /** Rehearses a rotation that would begin now. */
  readonly rehearse: (use: AuthorityUse) => Promise<Forecast>;
  /** Everything of the authority, sealed, in pieces. */
  readonly backup: () => AsyncIterable<Uint8Array>;
}

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
  <R extends Route>(handle: AuthorityHandler<R>): AnswerRoute<R> =>
  (who, read, deps) => {
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
