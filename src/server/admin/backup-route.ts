/**
 * `POST /v1/backup`: the whole authority in one sealed file, taken while it serves.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';
import type { AdminHandler } from './admin-handler.ts';

export const backup: AdminHandler = async ({ who }, deps) => {
  const row = { who, verb: 'backup', use: '', authorityId: '', reason: '' } as const;
  try {
    const bytes = await deps.backup();
    await deps.authority.note({ ...row, result: 'done' });
    return bytes;
  } catch (thrown) {
    await deps.authority.note({ ...row, result: asGatehouseError(thrown).code });
    throw thrown;
  }
};
