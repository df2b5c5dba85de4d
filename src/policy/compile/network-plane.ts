/**
 * The l4 plane: what the network itself lets pass, the source's egress and the destination's ingress.
 *
 * A source is known by its place (the pod that holds its address); behind a hop, where addresses are not the sources' own, by its
 * identity. A source that is no endpoint has no egress policy here.
 * @module
 */
import type { Work } from '../../lib/work.ts';
import type { Decision } from '../decision.ts';
import { decision } from '../decision.ts';
import type { Facts } from '../facts.ts';
import { sourcesOf } from '../meaning/network-sources.ts';
import type { RegistryContext } from '../meaning/registry-context.ts';
import type { Plane, RuleStage } from '../model.ts';
import type { Endpoint } from '../registry/registry.ts';
import { type BothAllow, createBothAllow } from './both-allow.ts';
import type { Compilation } from './compilations.ts';
import type { CompiledPlane, PlaneProgram } from './plane-program.ts';
import { planeWork } from './plane-program.ts';
import type { CompileContext } from './rule-stage.ts';

/** Compiles the plane from its stages of both directions, in slices. */
export function* networkPlaneWork(
  plane: Plane,
  context: CompileContext & RegistryContext,
  compilation: Compilation,
): Work<CompiledPlane> {
  const half = (direction: 'ingress' | 'egress'): Work<CompiledPlane> =>
    planeWork(
      { ...plane, stages: plane.stages.filter((stage) => directionOf(stage as RuleStage) === direction) },
      context,
      compilation,
    ); // tiers only
  const ingress = yield* half('ingress');
  const egress = programsByEndpoint(yield* half('egress'), context);
  const bothAllow = createBothAllow();
  const mismatch = decision(plane.id, 'deny', 'place_mismatch');
  return {
    plane,
    programFor(destination) {
      const into = ingress.programFor(destination);
      return (facts) => {
        const sources = sourcesOf(facts, context);
        if (sources === 'mismatch') return mismatch;
        const out = egressOf(sources, egress, facts, bothAllow);
        if (out?.effect === 'deny') return out;
        const made = into(facts);
        if (made.effect === 'deny' || out === undefined) return made;
        return made.policy === undefined ? out : bothAllow(made, out);
      };
    },
  };
}

const directionOf = (stage: RuleStage): 'ingress' | 'egress' => stage.direction ?? 'ingress';

/** Whoever the source is, its egress must let it: the first that denies speaks. */
function egressOf(
  sources: readonly Endpoint[],
  programOf: (endpoint: Endpoint) => PlaneProgram,
  facts: Facts,
  bothAllow: BothAllow,
): Decision | undefined {
  let allowed: Decision | undefined;
  for (const source of sources) {
    const made = programOf(source)(facts);
    if (made.effect === 'deny') return made;
    allowed = allowed === undefined ? made : bothAllow(allowed, made);
  }
  return allowed;
}

function programsByEndpoint(plane: CompiledPlane, context: RegistryContext): (endpoint: Endpoint) => PlaneProgram {
  const programs = new WeakMap<Endpoint, PlaneProgram>();
  return (endpoint) => {
    let program = programs.get(endpoint);
    if (program === undefined) {
      program = plane.programFor(context.destinationOf(endpoint));
      programs.set(endpoint, program);
    }
    return program;
  };
}
