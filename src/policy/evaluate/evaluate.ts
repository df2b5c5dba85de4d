/**
 * Decides the plain way: every stage, every policy, every rule, in order, from the model itself. Slow and obvious; it is what
 * compiled programs must equal, and it records what it saw.
 * @module
 */
import type { Decision } from '../decision.ts';
import type { Facts } from '../facts.ts';
import { joined } from '../meaning/join-decisions.ts';
import { createRegistryContext, type RegistryContext } from '../meaning/registry-context.ts';
import { isEmptyModel, type Plane, type PolicyModel } from '../model.ts';
import { emptyRegistry, type Registry } from '../registry/registry.ts';
import { evaluateLayers } from './layers-trace.ts';
import { evaluateNetwork } from './network-trace.ts';
import { evaluateStages } from './plane-trace.ts';
import { made, type Scene } from './scene.ts';
import type { PlaneTrace, Trace } from './trace.ts';

/** A decision and its derivation. */
export interface Evaluation {
  readonly decision: Decision;
  readonly trace: Trace;
}

/** How a model without any policy is evaluated: `allowEmpty` allows every request, else each is denied `no_policies`. */
export interface EvaluateOptions {
  readonly allowEmpty: boolean;
}

/**
 * Decides one request and says how. The decision equals that of `compileSnapshot(model, options).decide(facts)`.
 *
 * @param facts  getters may be asked many times
 */
export function evaluate(model: PolicyModel, facts: Facts, options: EvaluateOptions): Evaluation {
  if (!options.allowEmpty && isEmptyModel(model))
    return { decision: made('deny', 'no_policies'), trace: { planes: [] } };
  const registry = contextOf(model);
  const destination = registry.locate(facts.destination, facts.destinationAddress);
  const scene: Scene = { facts, destination, absence: model.absence, registry, rehearsing: false };
  const planes = model.planes.filter(({ mode }) => mode !== 'off').map((plane) => evaluatorOf(plane)(plane, scene));
  const decisionsOf = (wanted: PlaneTrace['mode']): Decision[] =>
    planes.filter(({ mode }) => mode === wanted).map(({ decision }) => decision);
  const [enforced, observed] = [decisionsOf('enforce'), decisionsOf('observe')];
  const decision = enforced.length === 1 && observed.length === 0 ? enforced[0]! : joined(enforced, observed);
  return { decision, trace: { planes } };
}

const evaluatorOf = ({ id }: Plane) =>
  id === 'l4' ? evaluateNetwork : id === 'site' ? evaluateLayers : evaluateStages;

const contexts = new WeakMap<Registry, Pick<PolicyModel, 'absence' | 'hops'> & { readonly context: RegistryContext }>();

/** Indexing a registry takes long; models that differ in their policies share it. */
function contextOf({ registry = emptyRegistry, absence, hops }: PolicyModel): RegistryContext {
  const known = contexts.get(registry);
  if (known?.absence === absence && known.hops === hops) return known.context;
  const context = createRegistryContext(registry, absence, hops);
  contexts.set(registry, { absence, ...(hops && { hops }), context });
  return context;
}
