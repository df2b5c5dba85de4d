/**
 * Ranges whose address is not their first.
 * @module
 */
import { hasHostBits } from '../../lib/ip-address.ts';
import type { Reporter } from './finding.ts';
import type { TextValue } from './value.ts';

/** Warns of bits that those who take such a range do not look at. Nothing is said of what is no range. */
export function warnOfHostBits(value: TextValue, path: string, report: Reporter): void {
  if (!hasHostBits(value.text)) return;
  report.warning(
    value,
    'net-host-bits',
    path,
    `${JSON.stringify(value.text)} has host bits set: the range is meant`,
    'write the first address of the range',
  );
}
