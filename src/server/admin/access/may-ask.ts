/**
 * The one place where a caller's role is held against what a route needs.
 * @module
 */
import { type Need, type Route, routes } from '../../../admin-api/routes.ts';
import { GatehouseError } from '../../../errors.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminCaller } from './admin-caller.ts';

/**
 * Passes who may ask a route. Who may not, and would have changed something, leaves a row in the audit.
 *
 * @throws GatehouseError `caller_not_authorised`, naming the role that it needs
 */
export async function mayAsk(
  { who, role, namespaces }: AdminCaller,
  route: Route,
  { operations, refusedOrders }: Pick<AdminDeps, 'operations' | 'refusedOrders'>,
): Promise<void> {
  const needs: Need = routes[route].needs;
  if (role === 'operate' || (needs !== 'operate' && (namespaces === undefined || needs === 'read-scoped'))) return;
  const has = namespaces === undefined ? 'role read' : `role read in ${namespaces.join(', ')}`;
  const row = { who, verb: route, use: '', authorityId: '', reason: has, result: 'caller_not_authorised' } as const;
  if (needs === 'operate' && refusedOrders.isNew(`${who} ${route}`)) await operations?.authority.note(row);
  throw new GatehouseError(
    'caller_not_authorised',
    needs === 'operate'
      ? `${who} may not ask ${route}: it needs role operate, and yours is ${has}`
      : `${who} may not ask ${route}: its answer is of all namespaces, so it needs role read without namespaces, and yours is ${has}`,
    { route, needs: needs === 'operate' ? { role: 'operate' } : { role: 'read', namespaces: 'all' }, role, namespaces },
  );
}
