/**
 * Tells deciders of a model by what has changed: policies that a decider has already are named, not sent again; so is its registry.
 * @module
 */
import type { Plane, Policy, PolicyModel, PolicyRef, RuleStage, Stage } from '../../policy/model.ts';
import { type PackedRegistry, RegistryPacker, RegistryUnpacker } from '../../policy/registry/registry-patch.ts';

/** A rule stage whose policies are told by number. */
type PackedStage = Exclude<Stage, RuleStage> | (Omit<RuleStage, 'policies'> & { readonly policies: Uint32Array });

/** A model whose policies are numbered, with those that are new to the receiver, and what is new in its registry. Plain data. */
export type PackedModel = Omit<PolicyModel, 'planes' | 'registry'> & {
  readonly registry: PackedRegistry | undefined;
  readonly planes: readonly (Omit<Plane, 'stages'> & { readonly stages: readonly PackedStage[] })[];
  readonly added: readonly (readonly [number: number, policy: Policy])[];
};

/**
 * Numbers of policies, by what names them and the stage that they stand in. A policy that was edited has a new name object, one
 * that was not has the old one, wherever in its file it stands now.
 */
const numbers = new WeakMap<PolicyRef, Map<string, number>>();
let nextNumber = 0;

function numberOf({ ref }: Policy, stage: string): number {
  let byStage = numbers.get(ref);
  if (byStage === undefined) {
    byStage = new Map();
    numbers.set(ref, byStage);
  }
  let number = byStage.get(stage);
  if (number === undefined) {
    number = nextNumber++;
    byStage.set(stage, number);
  }
  return number;
}

/** The sender's side, one for each receiver. */
export class ModelPacker {
  #held: ReadonlySet<number> = new Set();
  readonly #registry = new RegistryPacker();

  /** To be sent, in order, to the one receiver. */
  pack(model: PolicyModel): PackedModel {
    const added: [number, Policy][] = [];
    const held = new Set<number>();
    const packStage = (stage: Stage, context: string): PackedStage => {
      if (stage.kind === 'transport' || stage.kind === 'token') return stage;
      const name = `${context} ${stage.kind} ${stage.direction ?? ''}`;
      const policies = new Uint32Array(stage.policies.length);
      for (const [i, policy] of stage.policies.entries()) {
        const number = numberOf(policy, name);
        policies[i] = number;
        if (!this.#held.has(number) && !held.has(number)) added.push([number, policy]);
        held.add(number);
      }
      return { ...stage, policies };
    };
    const planes = model.planes.map((plane) => ({
      ...plane,
      stages: plane.stages.map((stage) => packStage(stage, `${model.absence} ${plane.id}`)),
    }));
    this.#held = held;
    return { ...model, planes, added, registry: model.registry && this.#registry.pack(model.registry) };
  }
}

/** The receiver's side. */
export class ModelUnpacker {
  #held = new Map<number, Policy>();
  readonly #registry = new RegistryUnpacker();

  unpack({ added, registry, ...packed }: PackedModel): PolicyModel {
    for (const [number, policy] of added) this.#held.set(number, policy);
    const held = new Map<number, Policy>();
    const take = (number: number): Policy => {
      const policy = this.#held.get(number)!; // the sender knows what was sent
      held.set(number, policy);
      return policy;
    };
    const unpackStage = (stage: PackedStage): Stage =>
      stage.kind === 'transport' || stage.kind === 'token'
        ? stage
        : { ...stage, policies: Array.from(stage.policies, take) };
    const planes = packed.planes.map((plane) => ({ ...plane, stages: plane.stages.map(unpackStage) }));
    this.#held = held;
    return { ...packed, planes, ...(registry && { registry: this.#registry.unpack(registry) }) };
  }
}
