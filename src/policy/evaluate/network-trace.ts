/**
 * The l4 plane: what the network itself lets pass, the source's egress and the destination's ingress.
 * @module
 */
import type { Decision } from '../decision.ts';
import type { Destination, Facts } from '../facts.ts';
import { sourcesOf } from '../meaning/network-sources.ts';
import type { RegistryContext } from '../meaning/registry-context.ts';
import type { Plane } from '../model.ts';
import { evaluateStages } from './plane-trace.ts';
import { made, type Scene } from './scene.ts';
import type { PlaneTrace, StageTrace } from './trace.ts';

/** The network plane asks both ends: the egress of each pod that may be the source, and the ingress of the destination. */
export function evaluateNetwork(plane: Plane, scene: Scene): PlaneTrace {
  const { registry, facts } = scene;
  const half = (direction: 'ingress' | 'egress', destination: Destination): PlaneTrace => {
    const stages = plane.stages.filter((stage) => 'name' in stage && (stage.direction ?? 'ingress') === direction);
    return evaluateStages({ ...plane, stages }, { ...scene, destination });
  };
  const sources = sourcesOf(facts, registry);
  const ingress = half('ingress', scene.destination);
  if (sources === 'mismatch') {
    const stages = [placeStage(facts, registry), ...ingress.stages];
    return { ...ingress, stages, decision: { ...made('deny', 'place_mismatch'), plane: plane.id } };
  }
  const egress = sources.map((source) => {
    const asked = half('egress', registry.destinationOf(source));
    const endpoint = `${source.namespace}/${source.name}`;
    return { ...asked, stages: asked.stages.map((stage) => ({ ...stage, endpoint })) };
  });
  return {
    ...ingress,
    stages: [...egress.flatMap(({ stages }) => stages), ...ingress.stages],
    decision: ofBothEnds(
      egress.map(({ decision }) => decision),
      ingress.decision,
    ),
  };
}

/** A denial of the source's end speaks first, then the destination's; of two that allow, the one that a policy made. */
function ofBothEnds(egress: readonly Decision[], ingress: Decision): Decision {
  const denied = [...egress, ingress].find(({ effect }) => effect === 'deny');
  if (denied !== undefined) return denied;
  return ingress.policy === undefined ? (egress[0] ?? ingress) : ingress;
}

function placeStage({ sourceAddress, sourcePrincipal }: Facts, registry: RegistryContext): StageTrace {
  const there = registry.endpointsAt(sourceAddress).map(({ namespace, name }) => `${namespace}/${name}`);
  return {
    kind: 'place',
    name: 'place',
    decision: made('deny', 'place_mismatch'),
    said: `${sourceAddress?.text ?? ''} is the address of ${there.join(', ')}, which is not ${sourcePrincipal}`,
    policies: [],
  };
}
