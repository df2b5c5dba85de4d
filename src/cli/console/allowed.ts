/**
 * What the page may ask of the server: what only looks, and with `--allow-verbs` what an operator does with a reason.
 * @module
 */
import { type Route, routes } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';

/** They change something, and the audit has why. Secrets, such as a backup or a join token, are never the page's. */
const verbs: ReadonlySet<Route> = new Set<Route>([
  'POST /v1/authorities/prepare',
  'POST /v1/authorities/activate',
  'POST /v1/authorities/taint',
  'POST /v1/authorities/revoke',
  'POST /v1/authorities/undo',
  'POST /v1/revocations',
  'POST /v1/revocations/undo',
]);

/** It changes nothing, although it needs the role of who does. */
const rehearsal: Route = 'POST /v1/rehearsal';

/**
 * The route of a name, if the page may ask it.
 *
 * @throws GatehouseError `not_found`, `caller_not_authorised`, `message_invalid` where a verb lacks its reason
 */
export function allowedRoute(name: string, question: unknown, allowVerbs: boolean): Route {
  if (!Object.hasOwn(routes, name)) throw new GatehouseError('not_found', `there is no ${name}`);
  const route = name as Route; // one of the table's own keys
  const { needs } = routes[route];
  if (needs !== 'operate' && !('lines' in routes[route])) return route;
  if (route === rehearsal && allowVerbs) return route;
  if (!verbs.has(route)) throw new GatehouseError('caller_not_authorised', `the page may not ask ${name}`);
  if (!allowVerbs)
    throw new GatehouseError(
      'caller_not_authorised',
      `the page only looks: \`gatehouse console --allow-verbs\` lets it act`,
    );
  const reason = (question as { readonly reason?: unknown } | null)?.reason;
  if (typeof reason !== 'string' || reason.trim() === '')
    throw new GatehouseError('message_invalid', 'say why: the audit keeps the reason of every verb');
  return route;
}
