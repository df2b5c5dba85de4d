/**
 * Selectors in, entitled identities out.
 * @module
 */
import type { Selector } from '../../spiffe/selector.ts';
import type { Entry } from './entry.ts';
import type { ImplicitEntry } from './implicit-entries.ts';

const isSocket = (selector: Selector): boolean => selector.startsWith('socket:');

/**
 * The entries that a caller is entitled to, in the order in which they were written; the first is its default identity.
 *
 * - A caller at a workload's own socket is that workload: only entries bound to that socket count.
 * - What is implied comes after everything that is written.
 * - One SPIFFE ID is given once, and a hint once: the entry written first has it (Workload API §5.2.1).
 */
export function entitlements(
  entries: readonly Entry[],
  selectors: readonly Selector[],
  implicit?: ImplicitEntry,
): Entry[] {
  const attested = new Set(selectors);
  const bySocket = selectors.some(isSocket);
  const implied = bySocket ? undefined : implicit?.(selectors);
  const ids = new Set<string>();
  const hints = new Set<string>();
  const out: Entry[] = [];
  for (const entry of implied === undefined ? entries : [...entries, implied]) {
    if (!matches(entry, attested) || (bySocket && !entry.selectors.some(isSocket)) || ids.has(entry.spiffeId)) continue;
    ids.add(entry.spiffeId);
    out.push(entry.hint !== '' && hints.has(entry.hint) ? { ...entry, hint: '' } : entry);
    hints.add(entry.hint);
  }
  return out;
}

function matches({ selectors }: Entry, attested: ReadonlySet<Selector>): boolean {
  return selectors.length > 0 && selectors.every((selector) => attested.has(selector));
}
