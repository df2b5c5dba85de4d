/**
 * A candidate set as a model: its own policies, among the workloads and the surroundings of what is in force.
 * @module
 */
import type { Plane, PolicyModel } from '../model.ts';
import { emptyRegistry, type NetworkSet } from '../registry/registry.ts';

/** What a candidate brings itself. Plain data. */
export interface CandidateModel {
  /** Rises with every candidate, and whenever other policies come in force beside one. */
  readonly number: number;
  /** Without the site's own layer, which is that in force. */
  readonly planes: readonly Plane[];
  readonly networkSets: readonly NetworkSet[];
}

/** The model that would be in force with the candidate's policies in place of those that are. */
export function modelBeside(
  { planes, networkSets }: Omit<CandidateModel, 'number'>,
  inForce: PolicyModel,
): PolicyModel {
  const { registry = emptyRegistry } = inForce;
  const places = registry.networkSets.filter(({ behind }) => behind !== undefined); // of Services, in no document
  const hasSets = networkSets.length > 0 || registry.networkSets.length > places.length;
  return {
    ...inForce,
    planes: [...planes, ...inForce.planes.filter(({ id }) => id === 'site')],
    registry: hasSets ? { ...registry, networkSets: [...networkSets, ...places] } : registry,
  };
}
