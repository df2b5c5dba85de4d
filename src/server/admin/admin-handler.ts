/**
 * One question to the admin API.
 * @module
 */
import type { Answer, ReadQuestion, Route } from '../../admin-api/routes.ts';
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

/** Reads the question, and answers it. */
export type AnswerRoute<R extends Route> = (
  who: string,
  read: () => ReadQuestion<R>,
  deps: AdminDeps,
) => Answer<R> | Promise<Answer<R>>;

/** Makes what answers a route of a handler that every server has. */
export const everywhere =
  <R extends Route>(handle: AdminHandler<R>): AnswerRoute<R> =>
  (who, read, deps) =>
    handle({ who, asked: read() }, deps);
