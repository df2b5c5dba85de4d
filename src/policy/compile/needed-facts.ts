/**
 * What the policies in force for one workload read of a request: looked up once a workload.
 *
 * Dry-run and audit policies decide nothing, nor do planes that are observed: what only they read is not needed.
 * @module
 */
import type { Destination, Facts } from '../facts.ts';
import type { RegistryContext } from '../meaning/registry-context.ts';
import { applies, type SubjectContext } from '../meaning/subject.ts';
import type { Plane, PolicyModel, PolicyRef, Stage } from '../model.ts';
import { type FactName, factsOfPolicy, type NeededFact, tokenHeadersOf } from '../rules/needed-fact.ts';

type Reading = readonly [fact: FactName, policy: PolicyRef | undefined, rule: number | undefined];

/** Creates it for the policies of a model. */
export function createNeededFacts(
  model: PolicyModel,
  context: Pick<RegistryContext, 'locate' | 'endpointLabels'>,
): (facts: Facts) => readonly NeededFact[] {
  const byDestination = new WeakMap<Destination, readonly NeededFact[]>();
  return (facts) => {
    const { destination } = facts;
    let needed = byDestination.get(destination);
    if (needed === undefined) {
      needed = neededFacts(model, context.locate(destination, facts.destinationAddress), context);
      byDestination.set(destination, needed);
    }
    return needed;
  };
}

/** Each fact once, with the first policy that reads it. */
function neededFacts(
  { planes }: Pick<PolicyModel, 'planes'>,
  destination: Destination,
  context: SubjectContext,
): readonly NeededFact[] {
  const found = new Map<FactName, NeededFact>();
  for (const plane of planes) {
    if (plane.mode !== 'enforce') continue;
    for (const [fact, policy, rule] of readingsOf(plane, destination, context))
      if (!found.has(fact)) found.set(fact, { fact, plane: plane.id, policy, rule });
  }
  return [...found.values()];
}

function* readingsOf(plane: Plane, destination: Destination, context: SubjectContext): Iterable<Reading> {
  if (plane.id === 'l4') for (const fact of ofTheNetwork) yield [fact, undefined, undefined];
  for (const stage of plane.stages) yield* ofStage(stage, destination, context);
}

/** The network knows addresses and ports, and holds the place of the source against its name. */
const ofTheNetwork = ['source.ip', 'destination.ip', 'destination.port', 'source.principal'] as const;

function* ofStage(stage: Stage, destination: Destination, context: SubjectContext): Iterable<Reading> {
  if (stage.kind === 'audit') return;
  if (stage.kind === 'transport') {
    for (const { subject, ref, mode, ports } of stage.policies) {
      if (applies(subject, destination, context) === 'no') continue;
      if (ports.length > 0) yield ['destination.port', ref, undefined];
      if (mode === 'strict' || ports.some(([, each]) => each === 'strict')) yield ['source.principal', ref, undefined];
    }
    return;
  }
  if (stage.kind === 'token') {
    for (const { subject, ref, rules } of stage.policies) {
      if (applies(subject, destination, context) === 'no') continue;
      for (const rule of rules) for (const fact of tokenHeadersOf(rule)) yield [fact, ref, undefined];
    }
    return;
  }
  for (const policy of stage.policies) {
    if (policy.mode === 'dry-run' || policy.providerAskedBy === 'envoy') continue;
    // a tier's egress selects the source: whom it means is not known before
    if (stage.direction !== 'egress' && applies(policy.subject, destination, context) === 'no') continue;
    for (const [fact, rule] of factsOfPolicy(policy)) yield [fact, policy.ref, rule];
  }
}
