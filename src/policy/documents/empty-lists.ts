/**
 * Lists that are written and empty: most of them ask nothing, where they look as if nothing satisfied them.
 * @module
 */
import type { Reporter } from './finding.ts';
import { listAt, type Value } from './value.ts';

/** Warns about every one of these fields that is an empty list. `path` names what holds them. */
export function warnOfEmptyLists(
  of: Value | undefined,
  fields: readonly string[],
  path: string,
  report: Reporter,
): void {
  for (const field of fields) {
    const list = listAt(of, field);
    if (list === undefined || list.items.length > 0) continue;
    report.warning(
      list,
      'empty-list',
      `${path}.${field}`,
      `an empty ${field} asks nothing, as if it were not written`,
      `write what you mean, or leave ${field} out`,
    );
  }
}
