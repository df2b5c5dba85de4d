/**
 * What zod says, in words for the author of a `gatehouse.yaml`.
 * @module
 */
import type * as z from 'zod';
import { keysAt, nearest } from '../lib/nearest.ts';
import type { Problem } from './finding.ts';
import { documentSchema } from './schema.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** Turns one issue into problems: one a key that is not known, else one. */
export function problemsOf(issue: Issue): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
  if (issue.code === 'invalid_union') {
    const inside = insideOfObjectBranch(issue, path);
    if (inside.length > 0) return inside;
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  if (missing) {
    return [{ code: 'missing', path, message: `${String(path.at(-1) ?? 'the document')} is missing`, fix: 'add it' }];
  }
  return [{ code: codeOf(issue), path, message: issue.message, fix: '' }];
}

function codeOf(issue: Issue): string {
  return issue.code === 'invalid_type' ? 'wrong-type' : 'not-allowed';
}

function unknownKey(path: Path, key: string): Problem {
  const known = keysAt(documentSchema, path);
  const guess = nearest(key, known);
  return {
    code: 'unknown-key',
    path,
    key,
    message: `the key ${JSON.stringify(key)} is not known`,
    fix: guess === undefined ? `known keys: ${known.join(', ')}` : `did you mean ${guess}?`,
  };
}

/** Of `text or object`, an object was written: what is wrong inside it says more than "must be one of both". */
function insideOfObjectBranch(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): Problem[] {
  const branches = issue.errors.filter((issues) => issues.length > 0 && issues.every((each) => isInside(each)));
  const [nearestBranch] = branches.sort((a, b) => faultsIn(a) - faultsIn(b));
  return (nearestBranch ?? []).flatMap((each) => problemsOf({ ...each, path: [...path, ...each.path] }));
}

const faultsIn = (issues: readonly Issue[]): number =>
  issues.reduce((sum, each) => sum + (each.code === 'unrecognized_keys' ? each.keys.length : 1), 0);

const isInside = (issue: Issue): boolean => issue.code === 'unrecognized_keys' || issue.path.length > 0;
