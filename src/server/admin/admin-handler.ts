/**
 * One question to the admin API.
 * @module
 */
import type { AdminDeps } from './admin-deps.ts';

export interface AdminRequest {
  /** Who asks, for the audit, e.g. `uid:0 (root)`. */
  readonly who: string;
  /** What follows the route's own path, e.g. the id in `/v1/decisions/ID`; empty for most. */
  readonly rest: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

/** Answers with what becomes the JSON body, or with bytes in pieces, which go as they are. */
export type AdminHandler = (request: AdminRequest, deps: AdminDeps) => unknown;
