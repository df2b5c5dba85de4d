/**
 * Compiles a policy model to a snapshot: one immutable value that decides.
 * @module
 */
import { finish, type Work } from '../../lib/work.ts';
import { decision } from '../decision.ts';
import type { Destination } from '../facts.ts';
import type { Plane, PlaneMode, PolicyModel } from '../model.ts';
import { isEmptyModel } from '../model.ts';
import { rulesOfAnyDomain } from '../rules/any-trust-domain.ts';
import type { Snapshot } from '../snapshot.ts';
import { Compilations } from './compilations.ts';
import { joinPlanes } from './join-planes.ts';
import { layersPlaneWork } from './layers-plane.ts';
import { createNeededFacts } from './needed-facts.ts';
import { networkPlaneWork } from './network-plane.ts';
import { createShapes } from './path-shapes.ts';
import { type CompiledPlane, type PlaneProgram, planeWork } from './plane-program.ts';

/** How a model is compiled. */
export interface SnapshotOptions {
  /** Allow everything while there is no policy at all. */
  readonly allowEmpty: boolean;
  /** Makes the next compilation of nearly the same model cheaper, where it is given to both. */
  readonly compilations?: Compilations;
}

/**
 * Compiles a model. Every index is built here; a request pays for none.
 *
 * @throws GatehouseError `policy_invalid` if the model holds what cannot be compiled
 */
export function compileSnapshot(model: PolicyModel, options: SnapshotOptions): Snapshot {
  return finish(snapshotWork(model, options));
}

/** The same, to be done in slices. */
export function* snapshotWork(model: PolicyModel, options: SnapshotOptions): Work<Snapshot> {
  const compilation = yield* (options.compilations ?? new Compilations()).begin(model);
  const { registry } = compilation;
  const context = { ...registry, absence: model.absence };
  const compiled: CompiledPlane[] = [];
  for (const plane of model.planes) {
    if (plane.mode !== 'off') compiled.push(yield* workOf(plane)(plane, context, compilation));
  }
  compilation.finish();
  const shapeOf = createShapes(model, context);
  const neededFacts = createNeededFacts(model, registry);
  const ofMode = (mode: PlaneMode) => compiled.filter(({ plane }) => plane.mode === mode);
  const enforced = ofMode('enforce');
  const observed = ofMode('observe');
  if (!options.allowEmpty && isEmptyModel(model)) {
    const refusal = decision(undefined, 'deny', 'no_policies');
    return { generation: model.generation, shapeOf, decide: () => refusal };
  }
  const programs = new WeakMap<Destination, PlaneProgram>();
  return {
    generation: model.generation,
    shapeOf,
    neededFacts,
    namesAnyDomain: rulesOfAnyDomain(model).length > 0,
    decide(facts) {
      registry.enter(); // another snapshot may have decided since
      const { destination } = facts;
      let program = programs.get(destination);
      if (program === undefined) {
        const located = registry.locate(destination, facts.destinationAddress);
        const ofPlanes = (planes: readonly CompiledPlane[]) => planes.map((plane) => plane.programFor(located));
        program = joinPlanes(ofPlanes(enforced), ofPlanes(observed));
        programs.set(destination, program);
      }
      return program(facts);
    },
  };
}

const workOf = ({ id }: Plane) => (id === 'l4' ? networkPlaneWork : id === 'site' ? layersPlaneWork : planeWork);
