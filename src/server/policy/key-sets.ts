/**
 * Key sets of token rules in the primary: fetched here, told to the deciders.
 * @module
 */
import { createAddressGuard } from '../../authz/jwks/address-guard.ts';
import { createJwksFetcher, type JwksFetcher } from '../../authz/jwks/fetcher.ts';
import { httpGet } from '../../authz/jwks/http-get.ts';
import type { Config } from '../../config/config.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Ticks } from '../../lib/ticks.ts';
import type { Log } from '../../platform/observe/log.ts';

/** Starts the fetcher; nothing is fetched before `wanted` is called. */
export function openKeySets({ jwks }: Config, log: Log, seconds: Ticks): JwksFetcher {
  const guard = createAddressGuard(jwks);
  return createJwksFetcher({
    clock: systemClock,
    ticks: seconds,
    get: (uri, timeoutMs, signal) => httpGet(uri, { guard, timeoutMs, signal }),
    report: ({ id, failure, changed }) => {
      if (failure !== undefined) log.warn({ keySet: id }, `a key set could not be fetched: ${failure}`);
      else if (changed) log.info({ keySet: id }, 'a key set has changed');
    },
  });
}
