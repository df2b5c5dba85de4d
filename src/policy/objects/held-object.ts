/**
 * An object of a cluster as it is held.
 * @module
 */
import type { PolicyFile } from '../read-policies.ts';

/** One object, read. Immutable but for what it is read again for. */
export interface HeldObject {
  /** `namespace/name` */
  readonly key: string;
  readonly namespace: string;
  /** What is kept of it, as JSON; and what was cut out of it. */
  readonly text: string;
  readonly cut: readonly string[];
  readonly file: PolicyFile;
  /** What it was when it was last sound; itself, if it is. */
  readonly good: HeldObject | undefined;
}
