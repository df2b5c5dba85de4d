/**
 * One bundle as the running server holds it.
 * @module
 */

import type { AdminClient } from '../../admin-api/client.ts';
import { GatehouseError } from '../../errors.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import { bundleFromJwks } from '../../spiffe/bundle-jwks.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/** Asks for it. @throws GatehouseError `not_found` */
export async function heldBundle(client: AdminClient, trustDomain: TrustDomain): Promise<Bundle> {
  const { jwks, endpoint } = await client.ask('GET /v1/bundles/{trustDomain}', { trustDomain });
  if (jwks !== null) return bundleFromJwks(trustDomain, jwks);
  const why = endpoint?.failure ?? 'it was not fetched yet';
  throw new GatehouseError('not_found', `there is no bundle of ${trustDomain} yet: ${why}`, { trustDomain });
}
