/**
 * How long and what is measured.
 * @module
 */

export interface Settings {
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly only: { readonly peers: readonly string[] | undefined };
  readonly isFull: boolean;
  /** The commit whose build is measured beside this one; undefined: the one that the section names. */
  readonly before: string | undefined;
  /** Told to end: what was measured so far is reported. */
  readonly stop: AbortSignal;
}
