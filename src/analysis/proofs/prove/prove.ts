/**
 * Is a tenant alone? Proved for pods of today, for those that may come, for namespaces that may come; or a counterexample.
 * @module
 */
import type { Plane, PolicyModel } from '../../../policy/model.ts';
import type { Endpoint } from '../../../policy/registry/registry.ts';
import type { Effort } from '../../regions/bound.ts';
import { NONE } from '../../regions/diagrams.ts';
import type { Side } from '../../universe/universe.ts';
import type { Replay } from '../replay.ts';
import { type Population, populationOf } from './inhabitants.ts';
import { createLeaks, type Leaks } from './leaks.ts';
import type { Counterexample, Direction, Proof, Scope } from './proof.ts';
import type { Tenant } from './tenants.ts';
import { weaknessOf } from './weakness.ts';
import { crossingsOf } from './who-may-call.ts';

/** What is asked. */
export interface ProveRequest {
  readonly side: Side;
  readonly planes: readonly Plane[];
  readonly allowEmpty: boolean;
  readonly trustedHops: number;
  /** Certificates of other trust domains are believed to be of whom they say. */
  readonly believesForeigners: boolean;
  readonly tenants: readonly Tenant[];
  /** Whose proofs are wanted; undefined: everybody's. */
  readonly only: string | undefined;
  /** Decides by a model: that of today with pods to come beside. */
  replayWith(model: PolicyModel): Replay;
  progress(done: number, of: number): void;
  readonly effort?: Effort;
}

/** Proves what is asked. @throws BoundMet if it cannot be said; GatehouseError `internal` if a witness is decided otherwise */
export function proveTenants(request: ProveRequest): readonly Proof[] {
  const population = populationOf(request);
  const leaks = createLeaks(population, { ...request, createReplay: () => request.replayWith(population.model) });
  const wanted = request.tenants.filter(({ name }) => request.only === undefined || request.only === name);
  const proofs: Proof[] = [];
  for (const tenant of wanted)
    for (const direction of ['in', 'out'] as const) {
      request.progress(proofs.length, wanted.length * 2);
      proofs.push(proofOf(tenant, direction, population, leaks, request.planes));
    }
  return proofs;
}

function proofOf(
  tenant: Tenant,
  direction: Direction,
  population: Population,
  leaks: Leaks,
  planes: readonly Plane[],
): Proof {
  const isHard = tenant.isolation === 'hard';
  const crossings = crossingsOf(population.inhabitants, tenant, direction);
  const first = (scope: Scope): Counterexample | undefined => {
    const found = crossings.find(scope, (from, to) => leaks.leak(from, to, isHard) !== NONE);
    if (found === undefined) return undefined;
    const [from, to] = found;
    const counterexample = leaks.counterexample(from, to, leaks.leak(from, to, isHard), isHard);
    return isHard ? { ...counterexample, weakness: weaknessOf(counterexample, planes) } : counterexample;
  };
  const { notAhead } = population;
  const base = { tenant: tenant.name, direction, beyond: undefined, notAhead, by: [] };
  const now = first('today');
  if (now !== undefined) return { ...base, proved: false, scope: 'today', counterexample: now };
  const next = first('future');
  if (next !== undefined) return { ...base, proved: !isHard, scope: 'today', counterexample: next };
  const last = population.looksAhead ? first('namespaces') : undefined;
  const own = population.inhabitants.find((one) => one.tenant === tenant);
  const by = own === undefined ? [] : policiesAbout(planes, own.endpoint);
  const isAll = population.looksAhead && last === undefined;
  return { ...base, proved: true, scope: isAll ? 'namespaces' : 'future', counterexample: undefined, beyond: last, by };
}

/** Policies that lie where a pod lives. */
function policiesAbout(planes: readonly Plane[], { namespace }: Endpoint) {
  return planes.flatMap(({ id, stages }) =>
    stages.flatMap((stage) =>
      stage.policies
        .filter(({ subject }) => subject.namespace === undefined || subject.namespace === namespace)
        .map(({ ref }) => ({ plane: id, policy: ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}` })),
    ),
  );
}
