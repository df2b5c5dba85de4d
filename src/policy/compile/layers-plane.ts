/**
 * A plane whose stages are layers: each has to let a request pass.
 * @module
 */
import type { Work } from '../../lib/work.ts';
import { type Decision, decision } from '../decision.ts';
import type { Plane } from '../model.ts';
import { createBothAllow } from './both-allow.ts';
import type { Compilation } from './compilations.ts';
import { type CompiledPlane, planeWork } from './plane-program.ts';
import type { CompileContext } from './rule-stage.ts';

/** Compiles the plane, a layer after the other, in slices. */
export function* layersPlaneWork(plane: Plane, context: CompileContext, compilation: Compilation): Work<CompiledPlane> {
  const layers: CompiledPlane[] = [];
  for (const stage of plane.stages) layers.push(yield* planeWork({ ...plane, stages: [stage] }, context, compilation));
  const bothAllow = createBothAllow();
  const open = decision(plane.id, 'allow', 'no_policy_applies');
  return {
    plane,
    programFor(destination) {
      const programs = layers.map((layer) => layer.programFor(destination));
      return (facts) => {
        let spoken: Decision | undefined;
        for (const program of programs) {
          const made = program(facts);
          if (made.effect === 'deny') return made;
          if (spoken === undefined || (spoken.policy === undefined && made.policy !== undefined)) spoken = made;
          else spoken = bothAllow(spoken, made);
        }
        return spoken ?? open;
      };
    },
  };
}
