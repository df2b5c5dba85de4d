/**
 * The planes beside Istio's that are enforced, and whether those of two models say the same.
 * @module
 */
import type { Plane, PolicyModel, Stage } from '../../model.ts';

/** The planes of a model that can refuse what Istio's allows. */
export const enforcedPlanes = ({ planes }: PolicyModel): readonly Plane[] =>
  planes.filter(({ id, mode }) => id !== 'istio' && mode === 'enforce');

/** Whether planes say the same, policy for policy. */
export const areSamePlanes = (before: readonly Plane[], now: readonly Plane[]): boolean =>
  isLikeList(before, now, (a, b) => a.id === b.id && isLikeList(a.stages, b.stages, isSameStage));

const isLikeList = <T>(a: readonly T[], b: readonly T[], isLike: (a: T, b: T) => boolean): boolean =>
  a === b || (a.length === b.length && a.every((one, i) => isLike(one, b[i]!))); // as many

function isSameStage(a: Stage, b: Stage): boolean {
  if (a === b) return true;
  const { policies: some, ...one } = a;
  const { policies: others, ...other } = b;
  return JSON.stringify(one) === JSON.stringify(other) && isLikeList<unknown>(some, others, Object.is);
}
