/**
 * Tells deciders of a model by what has changed: policies that a decider has already are named, not sent again; so is its registry.
 * @module
 */
import { differingPart } from '../../lib/lists/differing-part.ts';
import { HeldNumbers } from '../../lib/lists/held-numbers.ts';
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
 * Numbers of policies, by what names them, the stage that they stand in and whose they are. A policy that was edited has a new name object, one
 * that was not has the old one, wherever in its file it stands now.
 */
const numbers = new WeakMap<PolicyRef, Map<string, number>>();
let nextNumber = 0;

function numberOf({ ref, owner }: Policy, context: string): number {
  const stage = `${context} ${owner}`;
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
  readonly #held = new HeldNumbers<true>();
  #policies: ReadonlyMap<string, readonly Policy[]> = new Map();
  readonly #registry = new RegistryPacker();

  /** To be sent, in order, to the one receiver. */
  pack(model: PolicyModel): PackedModel {
    const added = new Map<number, Policy>();
    const stages: [string, Uint32Array][] = [];
    const lists = new Map<string, readonly Policy[]>();
    const planes = model.planes.map((plane) => ({
      ...plane,
      stages: plane.stages.map((stage): PackedStage => {
        if (stage.kind === 'transport' || stage.kind === 'token') return stage;
        const name = stageName(model, plane, stage);
        const policies = this.#numbers(
          name,
          stage,
          `${model.absence} ${plane.id} ${stage.kind} ${stage.direction ?? ''}`,
          added,
        );
        stages.push([name, policies]);
        lists.set(name, stage.policies);
        return { ...stage, policies };
      }),
    }));
    this.#policies = lists;
    this.#held.turn(
      stages,
      [...added.keys()].map((number) => [number, true]),
    );
    return { ...model, planes, added: [...added], registry: model.registry && this.#registry.pack(model.registry) };
  }

  /** The numbers of a stage; policies that the receiver has not got are added. */
  #numbers(name: string, { policies }: RuleStage, context: string, added: Map<number, Policy>): Uint32Array {
    const [before, known] = [this.#policies.get(name) ?? [], this.#held.before(name)];
    const { head, tail } = differingPart(before, policies);
    const numbersNow = withEnds(known, policies.length, head, tail);
    for (let i = head; i < policies.length - tail; i++) {
      const policy = policies[i]!; // within
      const number = numberOf(policy, context);
      numbersNow[i] = number;
      if (this.#held.get(number) === undefined && !added.has(number)) added.set(number, policy);
    }
    return numbersNow;
  }
}

/** The receiver's side. */
export class ModelUnpacker {
  readonly #held = new HeldNumbers<Policy>();
  #policies: ReadonlyMap<string, readonly Policy[]> = new Map();
  readonly #registry = new RegistryUnpacker();

  unpack({ added, registry, ...packed }: PackedModel): PolicyModel {
    const fresh = new Map(added);
    const stages: [string, Uint32Array][] = [];
    const lists = new Map<string, readonly Policy[]>();
    const planes = packed.planes.map((plane) => ({
      ...plane,
      stages: plane.stages.map((stage): Stage => {
        if (stage.kind === 'transport' || stage.kind === 'token') return stage;
        const name = stageName(packed, plane, stage);
        const policies = this.#list(name, stage.policies, fresh);
        stages.push([name, stage.policies]);
        lists.set(name, policies);
        return { ...stage, policies };
      }),
    }));
    this.#policies = lists;
    this.#held.turn(stages, added);
    return { ...packed, planes, ...(registry && { registry: this.#registry.unpack(registry) }) };
  }

  #list(name: string, numbersNow: Uint32Array, fresh: ReadonlyMap<number, Policy>): readonly Policy[] {
    const before = this.#policies.get(name) ?? [];
    const { head, tail } = differingPart(this.#held.before(name), numbersNow);
    const policies = before.slice(0, head);
    for (let i = head; i < numbersNow.length - tail; i++) {
      const number = numbersNow[i]!; // within
      policies.push(fresh.get(number) ?? this.#held.get(number)!); // the sender knows what was sent
    }
    for (let i = before.length - tail; i < before.length; i++) policies.push(before[i]!); // within
    return policies;
  }
}

/** What names a stage within its model: tiers have names, directions and planes of their own. */
const stageName = (
  { absence }: Pick<PolicyModel, 'absence'>,
  { id }: Pick<Plane, 'id'>,
  { kind, direction, name }: Pick<RuleStage, 'kind' | 'direction' | 'name'>,
): string => JSON.stringify([absence, id, kind, direction, name]);

/** Numbers of a list that begins and ends as another one does. */
function withEnds(known: Uint32Array, length: number, head: number, tail: number): Uint32Array {
  const numbersNow = new Uint32Array(length);
  numbersNow.set(known.subarray(0, head));
  numbersNow.set(known.subarray(known.length - tail), length - tail);
  return numbersNow;
}
