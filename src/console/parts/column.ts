/**
 * A column of a table.
 * @module
 */
import type { ComponentChildren } from 'preact';

export interface Column<R> {
  readonly heading: string;
  /** As CSS has it, e.g. `6rem`, `1fr`. */
  readonly width: string;
  readonly text: (row: R) => string;
  /** What is shown in place of the text. */
  readonly cell?: (row: R) => ComponentChildren;
}
