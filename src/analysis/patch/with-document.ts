/**
 * A model in which one document says something else.
 * @module
 */
import { tierPlanes } from '../../policy/dialects/calico/planes.ts';
import type { Contribution } from '../../policy/dialects/contribution.ts';
import { istioPlane } from '../../policy/dialects/istio/plane.ts';
import type { Plane, PolicyModel, PolicyRef, Stage } from '../../policy/model.ts';

/** The model with what `contribution` says in place of what the document of `ref` said. Orders and scopes must be as before. */
export function withDocument(model: PolicyModel, ref: PolicyRef, contribution: Contribution): PolicyModel {
  const stages = new Map(
    planesOf(contribution, model).flatMap((plane) =>
      plane.stages.map((stage) => [keyOf(plane, stage), stage] as const),
    ),
  );
  const planes = model.planes.map(
    (plane): Plane => ({
      ...plane,
      stages: plane.stages.map((stage) => replaceIn(stage, stages.get(keyOf(plane, stage)), ref)),
    }),
  );
  return { ...model, planes };
}

function planesOf(contribution: Contribution, { absence }: PolicyModel): readonly Plane[] {
  if (contribution.to !== 'tiers') return [istioPlane([contribution])];
  const standIn = { to: 'tier', tier: { name: '', order: Infinity, onNoMatch: 'pass' } } as const; // so that there is a Calico plane
  return tierPlanes([contribution, standIn], { absence, planes: { calico: 'enforce', l4: 'enforce' } });
}

function keyOf({ id }: Plane, stage: Stage): string {
  return 'name' in stage ? `${id} ${stage.kind} ${stage.name} ${stage.direction ?? 'ingress'}` : `${id} ${stage.kind}`;
}

function replaceIn<S extends Stage>(stage: S, by: Stage | undefined, ref: PolicyRef): S {
  const policies = stage.policies.map((policy) => {
    if (!isSame(policy.ref, ref)) return policy;
    const said = by?.policies.find((each) => isSame(each.ref, ref));
    return said === undefined ? policy : { ...said, ref: policy.ref };
  });
  return { ...stage, policies };
}

/** Names the same document. */
export function isSame(a: PolicyRef, b: PolicyRef): boolean {
  return a.name === b.name && a.namespace === b.namespace && a.kind === b.kind && a.dialect === b.dialect;
}
