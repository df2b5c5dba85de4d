/**
 * The metadata that every call to the Workload API must carry.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { CallMetadata } from '../../../transport/grpc-methods.ts';

const NAME = 'workload.spiffe.io';

/**
 * Guards against a workload that was tricked into calling us: a plain request forger cannot set metadata.
 *
 * @throws GatehouseError `header_missing` unless there is exactly one value and it is exactly `true`
 * @see SPIFFE Workload Endpoint §5 (security header)
 */
export function requireSecurityHeader(metadata: CallMetadata): void {
  const values = metadata.get(NAME);
  if (values.length === 1 && values[0] === 'true') return;
  throw new GatehouseError('header_missing', `a call without ${NAME}: true`);
}
