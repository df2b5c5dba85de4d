/**
 * Annotations that mean something here, written nearly so, or as labels: they say nothing, and nobody would notice.
 * @module
 */
import { nearestSearch } from '../../lib/nearest.ts';
import type { Place, Reporter } from './finding.ts';

const meaningful = ['istio.io/dry-run', 'gatehouse.dev/owner', 'gatehouse.dev/ignore'] as const;
/** Only keys with one of these are looked at more closely. */
const HINT = /istio|gatehouse|dry|owner|ignore/i;
const MOST_SLIPS = 2;
/** Longer keys are none of ours. */
const MOST_CHARACTERS = 40;

/** Warns of annotations that are nearly one of ours, and of labels that are one. */
export function warnOfMisspelt(
  annotations: ReadonlyMap<string, Place>,
  labels: Iterable<string>,
  place: Place,
  report: Reporter,
): void {
  for (const [key, at] of annotations) {
    const meant = meantBy(key, MOST_SLIPS);
    if (meant === undefined || meant === key) continue;
    const path = `metadata.annotations.${key}`;
    report.warning(at, 'annotation-misspelt', path, `${key} means nothing here`, `did you mean ${meant}?`);
  }
  for (const key of labels) {
    if (meantBy(key, 0) === undefined) continue;
    const message = `${key} is an annotation: as a label it means nothing`;
    report.warning(place, 'annotation-misspelt', `metadata.labels.${key}`, message, 'write it under annotations');
  }
}

function meantBy(key: string, slips: number): string | undefined {
  if (key.length > MOST_CHARACTERS || !HINT.test(key)) return undefined;
  const search = nearestSearch(key.toLowerCase(), slips);
  for (const name of meaningful) search.see(name);
  return search.found();
}
