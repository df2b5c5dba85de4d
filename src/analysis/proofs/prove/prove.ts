/**
 * Is a tenant alone? Proved for pods of today, for those that may come, for namespaces that may come; or a counterexample.
 * @module
 */
import type { Decision } from '../../../policy/decision.ts';
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Plane, PolicyModel, RuleStage } from '../../../policy/model.ts';
import { createLabelIndex } from '../../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry } from '../../../policy/registry/registry.ts';
import type { Effort } from '../../regions/bound.ts';
import { ALL, NONE, type Region } from '../../regions/diagrams.ts';
import { namespacesToCome } from '../../universe/namespaces-to-come.ts';
import { podsToCome, withPods } from '../../universe/pods-to-come.ts';
import type { Resident } from '../../universe/resident.ts';
import { residentOf, type Side, universeClasses } from '../../universe/universe.ts';
import { createAddressGiver } from '../../universe/with-addresses.ts';
import { createPairs, type Pairs, refusesAll } from '../pairs.ts';
import { disagrees, type Replay } from '../replay.ts';
import { spaceOf } from '../space-of.ts';
import { createWitnesses, type Witness } from '../witness.ts';
import { createWorld } from '../world.ts';
import { allowedClaims } from './allowed-claims.ts';
import { isMeant, isNames, regionOfBoxes, type Tenant, tenantOf } from './tenants.ts';

/** What is asked. */
export interface ProveRequest {
  readonly side: Side;
  readonly planes: readonly Plane[];
  readonly allowEmpty: boolean;
  readonly trustedHops: number;
  readonly tenants: readonly Tenant[];
  /** Whose proofs are wanted; undefined: everybody's. */
  readonly only: string | undefined;
  /** Decides by a model: that of today with pods to come beside. */
  replayWith(model: PolicyModel): Replay;
  progress(done: number, of: number): void;
  readonly effort?: Effort;
}

export type Direction = 'in' | 'out';
export type Scope = 'namespaces' | 'future' | 'today';

/** One pod of a counterexample. */
export interface Party {
  readonly endpoint: Endpoint;
  /** When there is such a pod. */
  readonly when: Scope;
}

/** A request that passes and should not. */
export interface Counterexample {
  readonly from: Party;
  readonly to: Party;
  readonly witness: Witness;
  readonly decision: Decision;
}

/** What is known of one tenant in one direction. */
export interface Proof {
  readonly tenant: string;
  readonly direction: Direction;
  readonly proved: boolean;
  /** As far as it is proved. */
  readonly scope: Scope;
  /** What breaks it one scope further. */
  readonly counterexample: Counterexample | undefined;
  /** The next scope that it does not hold in, by namespaces that do not exist. */
  readonly beyond: Counterexample | undefined;
  /** Stages that keep the others out. */
  readonly by: readonly { readonly plane: string; readonly policy: string }[];
}

interface Inhabitant extends Party {
  readonly resident: Resident;
  readonly tenant: Tenant | undefined;
}

/** Proves what is asked. @throws BoundMet if it cannot be said; GatehouseError `internal` if a witness is decided otherwise */
export function proveTenants(request: ProveRequest): readonly Proof[] {
  const scene = createScene(request);
  const wanted = request.tenants.filter(({ name }) => request.only === undefined || request.only === name);
  const proofs: Proof[] = [];
  for (const tenant of wanted)
    for (const direction of ['in', 'out'] as const) {
      request.progress(proofs.length, wanted.length * 2);
      proofs.push(proofOf(tenant, direction, scene));
    }
  return proofs;
}

interface Scene {
  readonly inhabitants: readonly Inhabitant[];
  /** Whether namespaces to come were looked at. */
  readonly looksAhead: boolean;
  /** What passes from one to another, and is not meant. */
  leak(from: number, to: number, isHard: boolean): Region;
  counterexample(from: number, to: number, region: Region): Counterexample;
  policiesOf(inhabitant: Inhabitant): readonly { readonly plane: string; readonly policy: string }[];
}

function createScene(request: ProveRequest): Scene {
  const { side, planes, tenants, allowEmpty } = request;
  const accounts = new Set(tenants.flatMap(({ shared }) => shared.flatMap(({ from, to }) => [from, to])));
  const apart = ({ namespace, serviceAccount }: Endpoint): string => {
    const name = `${namespace}/${serviceAccount}`;
    return accounts.has(name) ? name : '';
  };
  const today = inhabitantsOfToday({ ...side, apart });
  const giver = createAddressGiver(side.model);
  const options = { trustDomain: side.trustDomain, giver, accounts };
  const own = [...new Set(today.namespaces)].flatMap((namespace) => podsToCome(side.model, namespace, options));
  const later = tenants.some(({ namespaces }) => !isNames(namespaces))
    ? namespacesToCome(side.model, selectorsOf(tenants), options)
    : undefined;
  const coming = [...own, ...(later?.pods ?? [])];
  const model = withPods(side.model, coming, later?.namespaces ?? []);
  const index = createLabelIndex(model.registry ?? emptyRegistry);
  const inhabitant = (endpoint: Endpoint, when: Scope): Inhabitant => ({
    ...{ endpoint, when },
    resident: residentOf(endpoint, side)!,
    tenant: tenantOf(tenants, endpoint.namespace, index.ofNamespace(endpoint.namespace)),
  });
  const inhabitants = [
    ...today.pods.map((endpoint) => inhabitant(endpoint, 'today')),
    ...own.map(({ endpoint }) => inhabitant(endpoint, 'future')),
    ...(later?.pods ?? []).map(({ endpoint }) => inhabitant(endpoint, 'namespaces')),
  ];
  const residents = inhabitants.map(({ resident }) => resident);
  const space = spaceOf(planes, residents, request.effort);
  const pairsBy = (of: readonly Plane[]): Pairs =>
    createPairs(createWorld(model, of, residents, space), residents, space, refusesAll(model, allowEmpty));
  const soft = pairsBy(planes);
  const hard = pairsBy(planes.map(withoutEgress));
  const { diagrams } = space;
  const shared = new Map(
    tenants.flatMap((tenant) =>
      tenant.shared.map((one) => [one, one.region ? regionOfBoxes(one.region, space) : ALL] as const),
    ),
  );
  const witnesses = createWitnesses({ space, prefersHttp: planes.some(isOfMesh), trustedHops: request.trustedHops });
  const replay = request.replayWith(model);
  return {
    ...{ inhabitants, looksAhead: later !== undefined },
    leak(from, to, isHard) {
      const [source, goal] = [inhabitants[from]!, inhabitants[to]!];
      let region = (isHard ? hard : soft).regionOf(from, to);
      // Soft isolation believes that pods show their certificates, as they do in a mesh.
      if (!isHard) region = diagrams.and(region, diagrams.where(space.mtls, 1));
      for (const [one, meant] of shared)
        if (isMeant(one.from, source.endpoint, source.tenant) && isMeant(one.to, goal.endpoint, goal.tenant))
          region = diagrams.minus(region, meant);
      if (region !== NONE && source.tenant !== undefined)
        region = diagrams.and(region, allowedClaims(space, source.tenant));
      return region;
    },
    counterexample(from, to, region) {
      const [source, goal] = [inhabitants[from]!, inhabitants[to]!];
      // What only the source keeps in is denied today, and shown without its egress.
      const witness = witnesses.of(region, source.resident, goal.resident, soft.tokensOf(to));
      const decision = replay(witness);
      const isKeptBySource = diagrams.and(region, soft.regionOf(from, to)) === NONE;
      const wanted = isKeptBySource ? 'deny' : 'allow';
      if (decision === undefined || (decision.effect !== wanted && !isKeptBySource))
        throw disagrees(witness, wanted, decision?.effect);
      return { from: source, to: goal, witness, decision };
    },
    policiesOf: ({ resident }) => (resident.endpoint === undefined ? [] : policiesAbout(planes, resident.endpoint)),
  };
}

const isOfMesh = ({ id, stages }: Plane): boolean =>
  id === 'istio' && stages.some(({ policies }) => policies.length > 0);

/** The plane as the destination enforces it. */
function withoutEgress(plane: Plane): Plane {
  if (plane.id !== 'l4') return plane;
  return { ...plane, stages: plane.stages.filter((stage) => (stage as RuleStage).direction !== 'egress') }; // tiers only
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

/** One pod of each class, and all namespaces. */
function inhabitantsOfToday(side: Side) {
  const registry = side.model.registry ?? emptyRegistry;
  const pods = universeClasses([side]).flatMap(({ residents }) => residents[0]?.endpoint ?? []);
  const namespaces = [
    ...registry.namespaces.map(({ name }) => name),
    ...registry.endpoints.map(({ namespace }) => namespace),
  ];
  return { pods, namespaces };
}

const selectorsOf = (tenants: readonly Tenant[]): readonly LabelExpr[] =>
  tenants.flatMap(({ namespaces }) => (isNames(namespaces) ? [] : [namespaces]));

const scopes: readonly Scope[] = ['today', 'future', 'namespaces'];

function proofOf(tenant: Tenant, direction: Direction, scene: Scene): Proof {
  const isHard = tenant.isolation === 'hard';
  const found = new Map<Scope, Counterexample>();
  const isNeeded = (when: Scope): boolean =>
    !scopes.slice(0, scopes.indexOf(when) + 1).some((scope) => found.has(scope));
  for (const [from, source] of scene.inhabitants.entries())
    for (const [to, goal] of scene.inhabitants.entries()) {
      const [own, other] = direction === 'in' ? [goal, source] : [source, goal];
      if (own.tenant !== tenant || other.tenant === tenant) continue;
      const when = scopes[Math.max(scopes.indexOf(source.when), scopes.indexOf(goal.when))]!;
      if (!isNeeded(when)) continue;
      const region = scene.leak(from, to, isHard);
      if (region !== NONE) found.set(when, scene.counterexample(from, to, region));
    }
  const [now, soon, late] = scopes.map((scope) => found.get(scope));
  const base = { tenant: tenant.name, direction, beyond: undefined, by: [] };
  if (now !== undefined) return { ...base, proved: false, scope: 'today', counterexample: now };
  if (soon !== undefined) return { ...base, proved: !isHard, scope: 'today', counterexample: soon };
  const own = scene.inhabitants.find((one) => one.tenant === tenant);
  const by = own === undefined ? [] : scene.policiesOf(own);
  const isAll = scene.looksAhead && late === undefined;
  return { ...base, proved: true, scope: isAll ? 'namespaces' : 'future', counterexample: undefined, beyond: late, by };
}
