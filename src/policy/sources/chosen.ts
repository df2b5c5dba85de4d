/**
 * Which files of a directory are read: `include` and `exclude` of a path.
 * @module
 */
import { posix, relative, sep } from 'node:path';
import type { PolicyPath } from './policy-path.ts';

/** What is chosen of a path. Patterns are relative to it; one that matches a directory is about all that lies in it. */
export interface Chosen {
  /** Whether a file is read. */
  file(path: string): boolean;
  /** Whether a directory is looked into at all. */
  directory(path: string): boolean;
}

/** Makes the choice of a path; all of it without patterns. */
export function chosenOf({ path, include, exclude = [] }: PolicyPath): Chosen {
  const inside = (full: string): string => relative(path, full).replaceAll(sep, '/');
  const isOut = (full: string): boolean => matchesAny(inside(full), exclude);
  return {
    file: (full) => !isOut(full) && (include === undefined || matchesAny(inside(full), include)),
    directory: (full) => !isOut(full),
  };
}

/** The path itself or a directory that it lies in. */
function matchesAny(path: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0 || path === '') return false;
  const steps = path.split('/');
  const own = steps.map((_, i) => steps.slice(0, i + 1).join('/'));
  return patterns.some((pattern) =>
    own.some((each) => posix.matchesGlob(each, pattern.replace(/^\.\//, '').replace(/\/$/, ''))),
  );
}
