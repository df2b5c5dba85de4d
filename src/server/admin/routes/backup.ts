/**
 * `POST /v1/backup`: the whole authority in one sealed file, taken while it serves.
 * @module
 */
import { asGatehouseError } from '../../../errors.ts';
import type { AuthorityOperations } from '../admin-deps.ts';
import type { AuthorityHandler } from '../authority-operations.ts';

/** The sealed bytes, in pieces; the audit has a row when the last one has gone. */
export const backup: AuthorityHandler<'POST /v1/backup'> = ({ who }, deps) => audited(who, deps);

/** The audit has its row when the last piece has gone: `cancelled` where who asked did not wait for it. */
async function* audited(who: string, deps: AuthorityOperations): AsyncGenerator<Uint8Array> {
  let result: string = 'cancelled';
  try {
    yield* deps.backup();
    result = 'done';
  } catch (thrown) {
    result = asGatehouseError(thrown).code;
    throw thrown;
  } finally {
    await deps.authority.note({ who, verb: 'backup', use: '', authorityId: '', reason: '', result });
  }
}
