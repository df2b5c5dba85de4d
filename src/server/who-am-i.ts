/**
 * Who runs an offline command, for the audit.
 * @module
 */
import { createAccounts } from '../lib/accounts.ts';

/** e.g. `uid:0 (root)`. */
export function whoAmI(): string {
  const uid = process.geteuid?.() ?? -1;
  const name = createAccounts().userName(uid);
  return name === undefined ? `uid:${uid}` : `uid:${uid} (${name})`;
}
