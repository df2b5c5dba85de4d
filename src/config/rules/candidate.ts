/**
 * Rules of `policies.candidate`: what is tried must not be in force already, nor the other way round.
 * @module
 */
import { matchesGlob, relative, sep } from 'node:path';
import type { Config, PolicyPath } from '../config.ts';
import type { Problem } from '../finding.ts';

/** A path that is read for both would be in force before anybody has looked at what it changes. */
export function* candidateProblems({ policies }: Pick<Config, 'policies'>): Iterable<Problem> {
  const inForce = [...policies.paths, ...policies.site.paths];
  for (const [i, candidate] of policies.candidate.paths.entries()) {
    const within = inForce.find((each) => isReadBy(each, candidate.path));
    const around = policies.paths.find((each) => isReadBy(candidate, each.path));
    if (within !== undefined)
      yield {
        code: 'contradiction',
        path: ['policies', 'candidate', 'paths', i],
        message: `${candidate.path} is read for ${within.path} too: it is in force, and no candidate`,
        fix: 'move it out of there, or exclude it there',
      };
    else if (around !== undefined)
      yield {
        code: 'contradiction',
        path: ['policies', 'candidate', 'paths', i],
        message: `${around.path}, which is in force, lies in it: the candidate would hold both sets`,
        fix: 'name a directory of its own, or exclude what is in force',
      };
  }
}

/** Whether what stands at a path is read for another. */
function isReadBy({ path, exclude = [] }: Pick<PolicyPath, 'path' | 'exclude'>, other: string): boolean {
  if (path === other) return true;
  const inside = relative(path, other);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`)) return inside === '';
  const steps = inside.split(sep);
  if (steps.some((step) => step.startsWith('.'))) return false; // such names are not looked at
  const own = steps.map((_, i) => steps.slice(0, i + 1).join('/'));
  return !own.some((each) =>
    exclude.some((pattern) => matchesGlob(each, pattern.replace(/^\.\//, '').replace(/\/$/, ''))),
  );
}
