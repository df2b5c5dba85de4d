/**
 * Asks the running server what an Envoy's configuration cannot tell.
 * @module
 */
import type { AdminClient } from '../../../admin-api/client.ts';
import type { Config } from '../../../config/config.ts';
import type { DoctorFinding } from '../finding.ts';
import { examineBundles } from './bundles.ts';
import { examineHttpCallers } from './http-callers.ts';

/** The newest, as many as there are kept of. */
const DECISIONS = 2_048;

/** @throws GatehouseError as the admin client, where the server cannot be asked */
export async function examineServer(config: Config, { ask }: AdminClient): Promise<readonly DoctorFinding[]> {
  const asksHttp = config.listen.httpAuth !== undefined && config.roles.includes('decider');
  const [{ bundles }, { decisions }] = await Promise.all([
    config.roles.includes('authority') ? ask('GET /v1/bundles') : { bundles: [] },
    asksHttp ? ask('GET /v1/decisions', { limit: DECISIONS, decision: 'deny' }) : { decisions: [] },
  ]);
  return [...examineBundles(bundles), ...examineHttpCallers(config, decisions)];
}
