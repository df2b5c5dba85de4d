/**
 * What `gatehouse check` found about one thing.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';

/** `warning`: it works, and somebody should know. */
export type Result = 'ok' | 'warning' | 'error';

/** One thing that was looked at. */
export interface Outcome {
  readonly result: Result;
  /** Stable, in lower case with hyphens. */
  readonly code: string;
  readonly message: string;
  /** What to do; empty where nothing is. */
  readonly fix: string;
  /** Where in a file, if it is in one. */
  readonly at?: { readonly file: string; readonly line: number; readonly column: number };
}

/** Outcomes of one subject, in the order in which a start meets them. */
export interface Section {
  readonly name: string;
  readonly checks: readonly Outcome[];
}

/** It is as it should be. */
export const good = (code: string, message: string): Outcome => ({ result: 'ok', code, message, fix: '' });
/** It works, and somebody should know. */
export const warning = (code: string, message: string, fix: string): Outcome => ({
  result: 'warning',
  code,
  message,
  fix,
});
/** It does not work, or will not. */
export const bad = (code: string, message: string, fix: string): Outcome => ({ result: 'error', code, message, fix });

/** What finds outcomes. */
export type Look = () => readonly Outcome[] | Promise<readonly Outcome[]>;

/** Looks; what a look throws is an error of its own, and the others go on. */
export async function section(name: string, look: Look): Promise<Section> {
  try {
    return { name, checks: await look() };
  } catch (thrown) {
    const errno = (thrown as NodeJS.ErrnoException).code; // fs errors carry one
    if (errno === 'EACCES' || errno === 'EPERM') {
      const fix = 'check as root, or as the user of the server';
      return { name, checks: [bad('not-visible', asGatehouseError(thrown).message, fix)] };
    }
    const { code, message } = asGatehouseError(thrown);
    return { name, checks: [bad(code.replaceAll('_', '-'), message, '')] };
  }
}
