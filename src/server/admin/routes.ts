/**
 * The admin API's routes: method and path to what answers.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { AdminHandler } from './admin-handler.ts';
import { ofAuthority } from './authority-operations.ts';
import { authorities, ledger } from './authority-routes.ts';
import { backup } from './backup-route.ts';
import { entries, explainEntry } from './entry-routes.ts';
import { explain, why } from './explain-routes.ts';
import { createJoinToken } from './join-token-route.ts';
import { decisions, policies } from './policy-routes.ts';
import { crl, revocations, revoke, undoRevocation } from './revocation-routes.ts';
import { rewrapKeys } from './rewrap-route.ts';
import { audit, forecastAndActual, gate, rehearseNow, verbRoutes } from './rotation-routes.ts';

const routes: ReadonlyMap<string, AdminHandler> = new Map([
  ...verbRoutes,
  ...Object.entries<AdminHandler>({
    'GET /v1/status': (_, deps) => deps.status(),
    'GET /v1/authorities': ofAuthority(authorities),
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
    'GET /v1/entries': entries,
    'GET /v1/entries/explain': explainEntry,
    'GET /v1/policies': policies,
    'GET /v1/decisions': decisions,
    'GET /v1/decisions/': why,
    'POST /v1/explain': explain,
  }),
]);

/** @throws GatehouseError `not_found` */
export function routeOf(method: string, path: string): { readonly handle: AdminHandler; readonly rest: string } {
  const whole = routes.get(`${method} ${path}`);
  if (whole !== undefined) return { handle: whole, rest: '' };
  const slash = path.lastIndexOf('/') + 1;
  const rest = path.slice(slash);
  const handle = rest === '' ? undefined : routes.get(`${method} ${path.slice(0, slash)}`);
  if (handle === undefined) throw new GatehouseError('not_found', `there is no ${method} ${path}`);
  return { handle, rest };
}
