/**
 * Who answers which route of the admin API's table.
 * @module
 */
import { type Answer, type ReadQuestion, type Route, routes } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';
import type { AdminCaller } from './access/admin-caller.ts';
import { mayAsk } from './access/may-ask.ts';
import type { AdminDeps } from './admin-deps.ts';
import { type AnswerRoute, everywhere, scoped } from './admin-handler.ts';
import { ofAuthority } from './authority-operations.ts';
import { authorities } from './routes/authorities.ts';
import { backup } from './routes/backup.ts';
import { bundles, deleteBundle, oneBundle, setBundle } from './routes/bundles.ts';
import { candidate } from './routes/candidate.ts';
import { edges, edgesIn } from './routes/edges.ts';
import { entries, explainEntry } from './routes/entries.ts';
import { envoys } from './routes/envoys.ts';
import { explain, why } from './routes/explain.ts';
import { createJoinToken } from './routes/join-tokens.ts';
import { rewrapKeys } from './routes/keys.ts';
import { ledger } from './routes/ledger.ts';
import { decisions, objects, policies } from './routes/policies.ts';
import { policyFile, policyFileIn } from './routes/policy-file.ts';
import { requests, requestsIn } from './routes/requests.ts';
import { crl, revocations, revoke, undoRevocation } from './routes/revocations.ts';
import { audit, forecastAndActual, gate, rehearseNow, verbHandler } from './routes/rotation.ts';
import { rules, rulesIn } from './routes/rules.ts';
import { decisionsIn, explainIn, policiesIn, whyIn } from './routes/scoped.ts';
import { stream, streamIn } from './routes/stream.ts';
import { tenants } from './routes/tenants.ts';

const handlers: { readonly [R in Route]: AnswerRoute<R> } = {
  'GET /v1/status': everywhere((_, deps) => deps.status()),
  'GET /v1/authorities': ofAuthority(authorities),
  'POST /v1/authorities/prepare': ofAuthority(verbHandler('prepare')),
  'POST /v1/authorities/activate': ofAuthority(verbHandler('activate')),
  'POST /v1/authorities/taint': ofAuthority(verbHandler('taint')),
  'POST /v1/authorities/revoke': ofAuthority(verbHandler('revoke')),
  'POST /v1/authorities/undo': ofAuthority(verbHandler('undo')),
  'GET /v1/authorities/gate': ofAuthority(gate),
  'GET /v1/rehearsal': ofAuthority(forecastAndActual),
  'POST /v1/rehearsal': ofAuthority(rehearseNow),
  'GET /v1/audit': ofAuthority(audit),
  'GET /v1/ledger': ofAuthority(ledger),
  'GET /v1/revocations': ofAuthority(revocations),
  'POST /v1/revocations': ofAuthority(revoke),
  'POST /v1/revocations/undo': ofAuthority(undoRevocation),
  'GET /v1/crl': ofAuthority(crl),
  'POST /v1/join-tokens': ofAuthority(createJoinToken),
  'POST /v1/backup': ofAuthority(backup),
  'POST /v1/keys/rewrap': ofAuthority(rewrapKeys),
  'GET /v1/bundles': ofAuthority(bundles),
  'GET /v1/bundles/{trustDomain}': ofAuthority(oneBundle),
  'POST /v1/bundles': ofAuthority(setBundle),
  'POST /v1/bundles/delete': ofAuthority(deleteBundle),
  'GET /v1/entries': everywhere(entries),
  'GET /v1/entries/explain': everywhere(explainEntry),
  'GET /v1/policies': scoped(policies, policiesIn),
  'GET /v1/policies/file': scoped(policyFile, policyFileIn),
  'GET /v1/decisions': scoped(decisions, decisionsIn),
  'GET /v1/decisions/{id}': scoped(why, whyIn),
  'GET /v1/stream': scoped(stream, streamIn),
  'GET /v1/edges': scoped(edges, edgesIn),
  'GET /v1/envoys': everywhere(envoys),
  'GET /v1/objects': everywhere(objects),
  'GET /v1/requests': scoped(requests, requestsIn),
  'GET /v1/rules': scoped(rules, rulesIn),
  'GET /v1/candidate': everywhere(candidate),
  'GET /v1/tenants': everywhere(tenants),
  'POST /v1/explain': scoped(explain, explainIn),
};

/**
 * Answers one question of a caller who may ask it.
 *
 * @param read  the question, which is read once it is known that this server can answer it
 * @throws GatehouseError whatever keeps it from being answered
 */
export async function answerRoute<R extends Route>(
  route: R,
  caller: AdminCaller,
  read: () => ReadQuestion<R>,
  deps: AdminDeps,
): Promise<Answer<R>> {
  await mayAsk(caller, route, deps);
  return handlers[route](caller, read, deps);
}

/** A route of the table, and what its path says. */
export interface FoundRoute {
  readonly route: Route;
  /** Fields of the question that the path holds, e.g. `id`. */
  readonly inPath: Readonly<Record<string, string>>;
}

const names = Object.keys(routes) as readonly Route[]; // the table's own keys
const whole: ReadonlyMap<string, Route> = new Map(names.map((name) => [name, name]));
/** Routes whose last part is a field, by what comes before it. */
const byField: ReadonlyMap<string, { readonly route: Route; readonly field: string }> = new Map(
  names.flatMap((route) => {
    const [, before, field] = /^(.*\/)\{(\w+)\}$/.exec(route) ?? [];
    return before === undefined || field === undefined ? [] : [[before, { route, field }] as const];
  }),
);

/** Finds the route of a method and a path. @throws GatehouseError `not_found` */
export function routeOf(method: string, path: string): FoundRoute {
  const route = path.includes('{') ? undefined : whole.get(`${method} ${path}`);
  if (route !== undefined) return { route, inPath: {} };
  const slash = path.lastIndexOf('/') + 1;
  const last = path.slice(slash);
  const found = last === '' ? undefined : byField.get(`${method} ${path.slice(0, slash)}`);
  if (found === undefined) throw new GatehouseError('not_found', `there is no ${method} ${path}`);
  return { route: found.route, inPath: { [found.field]: last } };
}
