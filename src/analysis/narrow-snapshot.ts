/**
 * Compiles, for each question, the policies and pods that can be about its two ends: an explanation asks once, and to compile all
 * that is in force for it takes longer than all else.
 * @module
 */
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../lib/ip-address.ts';
import { compileSnapshot } from '../policy/compile/compile-snapshot.ts';
import type { EvaluateOptions } from '../policy/evaluate/evaluate.ts';
import type { Facts, IpAddress } from '../policy/facts.ts';
import { accountOf } from '../policy/meaning/account-of.ts';
import { createRegistryContext } from '../policy/meaning/registry-context.ts';
import { applies } from '../policy/meaning/subject.ts';
import { isEmptyModel, type PolicyModel, type Subject } from '../policy/model.ts';
import { type Endpoint, emptyRegistry, type Registry } from '../policy/registry/registry.ts';
import { rulesOfAnyDomain } from '../policy/rules/any-trust-domain.ts';
import type { Snapshot } from '../policy/snapshot.ts';

/** Makes a snapshot that decides as `compileSnapshot(model, options)` does; each decision costs a walk over policies and pods. */
export function narrowSnapshot(model: PolicyModel, options: EvaluateOptions): Snapshot {
  if (isEmptyModel(model)) return compileSnapshot(model, options);
  return {
    generation: model.generation,
    namesAnyDomain: rulesOfAnyDomain(model).length > 0,
    // Policies that are not about this question are policies: none of them left is not none in force.
    decide: (facts) => compileSnapshot(about(model, facts), { allowEmpty: true }).decide(facts),
  };
}

/** The model without the pods and policies that have no part in a question. */
function about(model: PolicyModel, facts: Facts): PolicyModel {
  const registry = endpointsAbout(model.registry ?? emptyRegistry, facts);
  const context = createRegistryContext(registry, model.absence, model.hops);
  const ends = [
    context.locate(facts.destination, facts.destinationAddress),
    ...registry.endpoints.map(context.destinationOf),
  ];
  const isAbout = ({ subject }: { readonly subject: Subject }): boolean =>
    ends.some((end) => applies(subject, end, context) !== 'no');
  const planes = model.planes.map((plane) => ({
    ...plane,
    stages: plane.stages.map((stage) =>
      stage.kind === 'transport' || stage.kind === 'token'
        ? stage
        : { ...stage, policies: stage.policies.filter(isAbout) },
    ),
  }));
  return { ...model, planes, ...(model.registry && { registry }) };
}

/** The pods that hold an address of either end or bear the name of one. */
function endpointsAbout(registry: Registry, facts: Facts): Registry {
  const addresses = [facts.sourceAddress, facts.destinationAddress].filter((one) => one !== undefined);
  const names = [facts.sourcePrincipal, facts.destinationPrincipal].flatMap((name) => accountOf(name) ?? []);
  const isNamed = ({ namespace, serviceAccount }: Endpoint): boolean =>
    names.some((name) => name.namespace === namespace && name.serviceAccount === serviceAccount);
  const endpoints = registry.endpoints.filter(
    (endpoint) => isNamed(endpoint) || endpoint.addresses.some((net) => addresses.some((one) => holds(net, one))),
  );
  return { ...registry, endpoints };
}

function holds(net: string, address: IpAddress): boolean {
  const range = parseCidr(net);
  return range !== undefined && ipInRange(unmapped(address.bytes), unmappedRange(range));
}
