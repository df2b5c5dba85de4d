/**
 * The admin API's routes: method and path to what answers.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { AdminHandler } from './admin-handler.ts';
import { authorities, ledger } from './authority-routes.ts';
import { entries, explainEntry } from './entry-routes.ts';
import { decisions, policies } from './policy-routes.ts';

const routes: Readonly<Record<string, AdminHandler>> = {
  'GET /v1/status': (_, deps) => deps.status(),
  'GET /v1/authorities': authorities,
  'GET /v1/ledger': ledger,
  'GET /v1/entries': entries,
  'GET /v1/entries/explain': explainEntry,
  'GET /v1/policies': policies,
  'GET /v1/decisions': decisions,
};

/** @throws GatehouseError `not_found` */
export function routeOf(method: string, path: string): AdminHandler {
  const handler = routes[`${method} ${path}`];
  if (handler === undefined) throw new GatehouseError('not_found', `there is no ${method} ${path}`);
  return handler;
}
