/**
 * Whether the files that were looked at are what the running server goes by.
 * @module
 */
import type { Evidence } from './evidence.ts';
import { type Finding, holds, unknown } from './finding.ts';
import { ASK_SERVER, RELOAD } from './fixes.ts';

/** What is proved of files holds of the server only if it goes by them. */
export function inForce({ differs }: Evidence): Finding {
  if (!('value' in differs)) return unknown(`what is in force is not known: ${differs.why}`, ASK_SERVER);
  if (differs.value.length === 0)
    return holds('the running server goes by these files: its policies and rules are the same');
  return unknown(`the running server goes by something else: ${differs.value.join('; ')}`, RELOAD);
}
