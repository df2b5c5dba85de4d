/**
 * Compiles a policy model to a snapshot: one immutable value that decides.
 * @module
 */
import type { Decision } from '../decision.ts';
import type { Destination, Facts } from '../facts.ts';
import type { PolicyModel } from '../model.ts';
import { emptyRegistry } from '../registry/registry.ts';
import type { Snapshot, TokenCarriers } from '../snapshot.ts';
import { type CompiledPlane, compilePlane, type PlaneProgram } from './plane-program.ts';
import { createRegistryContext } from './registry-context.ts';
import { decision } from './step.ts';

export interface SnapshotOptions {
  /** Allow everything while there is no policy at all. */
  readonly allowEmpty: boolean;
}

/**
 * Compiles a model. Every index is built here; a request pays for none.
 *
 * @throws GatehouseError `policy_invalid` if the model holds what cannot be compiled
 */
export function compileSnapshot(model: PolicyModel, options: SnapshotOptions): Snapshot {
  const registry = createRegistryContext(model.registry ?? emptyRegistry, model.absence);
  const tokenCarriers = carriersOf(model);
  const planes = model.planes
    .filter(({ mode }) => mode === 'enforce')
    .map((plane) => compilePlane(plane, { ...registry, absence: model.absence }));
  const empty = model.planes.every(({ stages }) => stages.every(({ policies }) => policies.length === 0));
  if (empty && !options.allowEmpty) {
    const refusal = decision(undefined, 'deny', 'no_policies');
    return { generation: model.generation, tokenCarriers, decide: () => refusal };
  }
  const programs = new WeakMap<Destination, PlaneProgram>();
  return {
    generation: model.generation,
    tokenCarriers,
    decide(facts) {
      const { destination } = facts;
      let program = programs.get(destination);
      if (program === undefined) {
        program = join(planes, registry.locate(destination, facts.destinationAddress));
        programs.set(destination, program);
      }
      return program(facts);
    },
  };
}

/** All planes must allow; the first that denies speaks, else the first that has a rule to name. */
function join(planes: readonly CompiledPlane[], destination: Destination): PlaneProgram {
  const programs = planes.map((plane) => plane.programFor(destination));
  const [only, ...others] = programs;
  const open = decision(undefined, 'allow', 'no_policy_applies');
  if (only === undefined) return () => open;
  if (others.length === 0) return only;
  return (facts: Facts): Decision => {
    let spoken: Decision | undefined;
    for (const program of programs) {
      const made = program(facts);
      if (made.effect === 'deny') return made;
      if (spoken === undefined || (spoken.policy === undefined && made.policy !== undefined)) spoken = made;
    }
    return spoken ?? open;
  };
}

function carriersOf(model: PolicyModel): TokenCarriers {
  const headers = new Set<string>();
  const params = new Set<string>();
  const cookies = new Set<string>();
  for (const stage of model.planes.flatMap(({ stages }) => stages)) {
    if (stage.kind !== 'token') continue;
    for (const rule of stage.policies.flatMap(({ rules }) => rules)) {
      for (const { name } of rule.fromHeaders) headers.add(name.toLowerCase());
      for (const { header } of rule.outputClaimToHeaders) headers.add(header.toLowerCase());
      if (rule.outputPayloadToHeader !== '') headers.add(rule.outputPayloadToHeader.toLowerCase());
      for (const name of rule.fromParams) params.add(name);
      for (const name of rule.fromCookies) cookies.add(name);
    }
  }
  return { headers, params, cookies };
}
