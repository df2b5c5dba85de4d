/**
 * Faults of our own, as findings.
 * @module
 */
import { oneLine } from '../lib/printable.ts';
import type { Place, Reporter } from './documents/finding.ts';

/** A fault of ours in one document is a finding of that document, and of no other. */
export function guarded<T>(place: Place, report: Reporter, read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    const why = oneLine(thrown instanceof Error ? thrown.message : String(thrown));
    report.error(place, 'reader-failed', '', `this cannot be read here: ${why}`, 'please report it with the document');
    return undefined;
  }
}
