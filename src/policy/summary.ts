/**
 * What was read and what was skipped, in one line, so that a file without policy is not taken for policy.
 * @module
 */
import { kindCounts } from './kind-counts.ts';
import type { Dialect } from './model.ts';

/** More kinds than this are told by their number. */
const MOST_SHOWN = 12;

/**
 * Writes the line.
 *
 * @param documents  what is in force
 * @param skipped  per `group/kind`, how many documents are none of our business
 */
export function summaryOf(
  documents: readonly { readonly dialect: Dialect; readonly kind: string }[],
  skipped: ReadonlyMap<string, number>,
): string {
  const read = new Map(kindCounts(documents).map(({ dialect, kind, count }) => [`${dialect} ${kind}`, count]));
  return `read ${listed(read)}; skipped ${listed(skipped)}`;
}

function listed(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'nothing';
  const all = [...counts].sort(([a, some], [b, others]) => others - some || (a < b ? -1 : 1));
  const shown = all.slice(0, MOST_SHOWN).map(([kind, count]) => `${count} ${plain(kind)}`);
  const more = all.length - shown.length;
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  return `${total} (${shown.join(', ')}${more === 0 ? '' : `, and ${more} more ${more === 1 ? 'kind' : 'kinds'}`})`;
}

/** The core group has no name; whatever a stranger wrote stays on the line. */
function plain(kind: string): string {
  const short = kind.startsWith('/') ? kind.slice(1) : kind;
  return /^[\w ./-]+$/.test(short) ? short : JSON.stringify(short);
}
