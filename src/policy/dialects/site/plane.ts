/**
 * The plane of the site's own layer: each of its stages has to let a request pass.
 * @module
 */
import type { Plane, PlaneMode } from '../../model.ts';
import type { Contribution } from '../contribution.ts';

/** The plane, in the order of the documents; none where there is no document. */
export function sitePlanes(contributions: readonly Contribution[], mode: PlaneMode): readonly Plane[] {
  const stages = contributions.flatMap((one) => (one.to === 'site' ? one.stages : []));
  return stages.length === 0 || mode === 'off' ? [] : [{ id: 'site', mode, stages }];
}
