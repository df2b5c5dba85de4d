/**
 * A plane whose stages are layers: each has to let a request pass.
 * @module
 */
import type { Plane } from '../model.ts';
import { evaluateStages } from './plane-trace.ts';
import type { Scene } from './scene.ts';
import type { PlaneTrace } from './trace.ts';

/** Asks all layers; the first that denies speaks, else the first of which a rule allowed. */
export function evaluateLayers(plane: Plane, scene: Scene): PlaneTrace {
  const layers = plane.stages.map((stage) => evaluateStages({ ...plane, stages: [stage] }, scene));
  const [first = evaluateStages({ ...plane, stages: [] }, scene)] = layers;
  const made = layers.map(({ decision }) => decision);
  const spoken =
    made.find(({ effect }) => effect === 'deny') ?? made.find(({ policy }) => policy !== undefined) ?? first.decision;
  return { ...first, stages: layers.flatMap(({ stages }) => stages), decision: spoken };
}
