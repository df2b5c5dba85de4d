/**
 * `POST /v1/backup`: the whole authority in one sealed file, taken while it serves.
 * @module
 */
import type { AdminHandler } from './admin-handler.ts';

export const backup: AdminHandler = async ({ who }, deps) => {
  const bytes = await deps.backup();
  await deps.authority.note({ who, verb: 'backup', use: '', authorityId: '', reason: '', result: 'done' });
  return bytes;
};
