/**
 * One question to the admin API.
 * @module
 */
import type { Answer, ReadQuestion, Route, ScopedRoute } from '../../admin-api/routes.ts';
import type { AdminCaller } from './access/admin-caller.ts';
import { createSight, type Sight } from './access/sight.ts';
import type { AdminDeps } from './admin-deps.ts';

/** One question, checked. */
export interface AdminRequest<R extends Route> {
  /** Who asks, for the audit, e.g. `uid:0 (root)`. */
  readonly who: string;
  readonly asked: ReadQuestion<R>;
}

/** Answers one route with what becomes the JSON body, or with bytes in pieces, which go as they are. */
export type AdminHandler<R extends Route> = (
  request: AdminRequest<R>,
  deps: AdminDeps,
) => Answer<R> | Promise<Answer<R>>;

/** Answers one route with no more than a reader of some namespaces may see. */
export type ScopedHandler<R extends ScopedRoute> = (
  request: AdminRequest<R> & { readonly sight: Sight },
  deps: AdminDeps,
) => Answer<R> | Promise<Answer<R>>;

/** Reads the question, and answers it, for a caller who may ask it. */
export type AnswerRoute<R extends Route> = (
  caller: AdminCaller,
  read: () => ReadQuestion<R>,
  deps: AdminDeps,
) => Answer<R> | Promise<Answer<R>>;

/** Makes what answers a route of a handler that every server has. */
export const everywhere =
  <R extends Exclude<Route, ScopedRoute>>(handle: AdminHandler<R>): AnswerRoute<R> =>
  ({ who }, read, deps) =>
    handle({ who, asked: read() }, deps);

/** The same for a route that readers of some namespaces may ask: they are answered by a handler of their own. */
export const scoped =
  <R extends ScopedRoute>(whole: AdminHandler<R>, narrowed: ScopedHandler<R>): AnswerRoute<R> =>
  ({ who, namespaces }, read, deps) => {
    if (namespaces === undefined) return whole({ who, asked: read() }, deps);
    return narrowed({ who, asked: read(), sight: createSight(namespaces, deps.config()) }, deps);
  };
