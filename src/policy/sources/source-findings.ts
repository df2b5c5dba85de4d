/**
 * What there is to say of paths as a whole, and of a start that cannot be.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { oneLine } from '../../lib/printable.ts';
import { type Finding, firstErrorPlace } from '../documents/finding.ts';
import type { Missing } from './scan.ts';

/** A path that is not there, or cannot be read. */
export function missingFinding({ path, why }: Missing): Finding {
  const message = why === 'ENOENT' ? `${path} does not exist` : `${path} cannot be read (${why})`;
  const fix = fixes.get(why) ?? 'put a file or a directory with policies there, or take it out of the configuration';
  return { ...atStart(path), code: 'path-missing', message, fix };
}

const LET_IN = "let the server's user read it, and enter each directory on the way";

const fixes: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'create it, or take it out of the configuration'],
  ['EACCES', LET_IN],
  ['EPERM', LET_IN],
]);

/** A look that ended in the middle. */
export function lookFinding(path: string, thrown: unknown): Finding {
  const message = `the last look at the files failed: ${oneLine(thrown instanceof Error ? thrown.message : String(thrown))}`;
  return { ...atStart(path), code: 'look-failed', message, fix: 'look at the log; what was in force stays' };
}

/** Nothing is left where something was. */
export function emptyFinding(path: string): Finding {
  const message = 'no policy is left; the last ones stay in force';
  return { ...atStart(path), code: 'set-emptied', message, fix: 'put policies back, or restart to begin with none' };
}

/** No pod is left where some were. */
export function registryEmptiedFinding(path: string): Finding {
  const message =
    'no pod is left in the registry; the last ones stay, so that nobody is let in whom a policy knew by them';
  return { ...atStart(path), code: 'registry-emptied', message, fix: 'put pods back, or restart to begin with none' };
}

const atStart = (file: string) => ({ file, line: 1, column: 1, severity: 'error', path: '' }) as const;

/** `policy_invalid` with the first error of the findings, and how many more there are. */
export function cannotStart(findings: readonly Finding[]): GatehouseError {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const place = firstErrorPlace(errors) ?? '';
  const message =
    first === undefined
      ? 'policies cannot be loaded'
      : `${place}:${first.column}: ${first.message}; ${first.fix}${more}`;
  return new GatehouseError('policy_invalid', message, { findings });
}
