/**
 * Where something was written.
 * @module
 */

/** Where something was written; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
