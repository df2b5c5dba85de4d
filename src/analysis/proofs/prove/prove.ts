/**
 * Is a tenant alone? Proved for pods of today, for those that may come, for namespaces that may come; or a counterexample.
 * @module
 */
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Plane, PolicyModel, RuleStage } from '../../../policy/model.ts';
import { createLabelIndex } from '../../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry } from '../../../policy/registry/registry.ts';
import type { Effort } from '../../regions/bound.ts';
import { ALL, NONE, type Region } from '../../regions/diagrams.ts';
import { namespacesToCome } from '../../universe/namespaces-to-come.ts';
import { podsToCome, withPods } from '../../universe/pods-to-come.ts';
import type { Resident } from '../../universe/resident.ts';
import { straysOf } from '../../universe/strays.ts';
import { residentOf, type Side, universeClasses } from '../../universe/universe.ts';
import { type AddressGiver, createAddressGiver } from '../../universe/with-addresses.ts';
import { createPairs, type Pairs, refusesAll } from '../pairs.ts';
import { disagrees, type Replay } from '../replay.ts';
import { spaceOf } from '../space-of.ts';
import { createTokenLimits } from '../token-claims.ts';
import { createWitnesses } from '../witness.ts';
import { createWorld } from '../world.ts';
import { rulesFor, withTokensOf } from './allowed-claims.ts';
import type { Counterexample, Direction, Party, Proof, Scope } from './proof.ts';

import { isMeant, isNames, regionOfBoxes, type Tenant, tenantOf } from './tenants.ts';
import { weaknessOf } from './weakness.ts';

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
  /** Whether namespaces to come were looked at, and why not. */
  readonly looksAhead: boolean;
  readonly notAhead: string;
  readonly planes: readonly Plane[];
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
  const ahead = later?.kinds;
  const coming = [...own, ...(ahead?.pods ?? [])];
  const isAnyHard = tenants.some(({ isolation }) => isolation === 'hard');
  const strangers =
    request.believesForeigners && isAnyHard
      ? foreigners([...today.pods, ...own.map(({ endpoint }) => endpoint)], giver, side)
      : [];
  const known = withPods(side.model, coming, ahead?.namespaces ?? []);
  const strays = isAnyHard
    ? straysOf(
        [...own.map((pod) => ({ ...pod, when: soon })), ...(ahead?.pods ?? []).map((pod) => ({ ...pod, when: late }))],
        side.model,
        [...(known.registry ?? emptyRegistry).endpoints, ...strangers.map(({ endpoint }) => endpoint)],
      )
    : [];
  const model = withPods(known, strays, []);
  const index = createLabelIndex(model.registry ?? emptyRegistry);
  const inhabitant = (endpoint: Endpoint, when: Scope): Inhabitant => ({
    ...{ endpoint, when },
    resident: residentOf(endpoint, side)!,
    tenant: tenantOf(tenants, endpoint.namespace, index.ofNamespace(endpoint.namespace)),
  });
  const inhabitants = [
    ...today.pods.map((endpoint) => inhabitant(endpoint, 'today')),
    ...own.map(({ endpoint }) => inhabitant(endpoint, soon)),
    ...(ahead?.pods ?? []).map(({ endpoint }) => inhabitant(endpoint, late)),
    ...strangers,
    ...strays.map(({ endpoint, when }) => ({ ...inhabitant(endpoint, when), elsewhere: endpoint.addresses[0]! })), // its only one
  ];
  const residents = inhabitants.map(({ resident }) => resident);
  const space = spaceOf(planes, residents, request.effort);
  const pairsBy = (of: readonly Plane[]): Pairs =>
    createPairs(createWorld(model, of, residents, space), residents, space, refusesAll(model, allowEmpty));
  const soft = pairsBy(planes);
  const hard = pairsBy(planes.map(withoutEgress));
  const { diagrams } = space;
  const limits = createTokenLimits(space);
  const shared = new Map(
    tenants.flatMap((tenant) =>
      tenant.shared.map((one) => [one, one.region ? regionOfBoxes(one.region, space) : ALL] as const),
    ),
  );
  const witnesses = createWitnesses({ space, prefersHttp: planes.some(isOfMesh), trustedHops: request.trustedHops });
  const replay = request.replayWith(model);
  return {
    ...{ inhabitants, planes, looksAhead: ahead !== undefined, notAhead: later?.why ?? '' },
    leak(from, to, isHard) {
      const [source, goal] = [inhabitants[from]!, inhabitants[to]!];
      let region = (isHard ? hard : soft).regionOf(from, to);
      // Soft isolation believes that pods show their certificates, as they do in a mesh.
      if (!isHard) region = diagrams.and(region, diagrams.where(space.mtls, 1));
      for (const [one, meant] of shared)
        if (
          source.trustDomain === undefined &&
          isMeant(one.from, source.endpoint, source.tenant) &&
          isMeant(one.to, goal.endpoint, goal.tenant)
        )
          region = diagrams.minus(region, meant);
      if (region !== NONE && source.tenant !== undefined)
        region = withTokensOf(source.tenant, region, soft.tokensOf(to), { space, limits });
      return region;
    },
    counterexample(from, to, region) {
      const [source, goal] = [inhabitants[from]!, inhabitants[to]!];
      // What only the source keeps in is denied today, and shown without its egress.
      const tokens = source.tenant ? rulesFor(source.tenant, soft.tokensOf(to)) : soft.tokensOf(to);
      const witness = witnesses.of(region, source.resident, goal.resident, tokens);
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

/** None of ours: what is so called belongs to nobody. */
const FOREIGN = 'foreign.invalid';

/** Workloads of another trust domain, one for each name of ours that they may take. */
function foreigners(ours: readonly Endpoint[], giver: AddressGiver, side: Side): readonly Inhabitant[] {
  const names = new Map(ours.map((one) => [`${one.namespace}/${one.serviceAccount}`, one]));
  return [...names.values()].map(({ namespace, serviceAccount }): Inhabitant => {
    const addresses = [giver.nextFor(namespace)];
    const endpoint: Endpoint = {
      ...{ namespace, serviceAccount, addresses, name: `of-${FOREIGN}` },
      ...{ labels: [], ports: [], hostNetwork: false },
    };
    const resident = residentOf(endpoint, { ...side, trustDomain: FOREIGN, workloads: [] })!;
    return { endpoint, resident, when: 'future', tenant: undefined, trustDomain: FOREIGN };
  });
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

const [soon, late]: readonly ['future', 'namespaces'] = ['future', 'namespaces'];
const scopes: readonly Scope[] = ['today', soon, late];

/** Who may call whom, by their places; those at addresses of others come last, as what they show hangs on addresses alone. */
function* pairsIn(inhabitants: readonly Inhabitant[], isHard: boolean): Generator<readonly [number, number]> {
  for (const hasStray of isHard ? [false, true] : [false])
    for (const [from, { elsewhere: source }] of inhabitants.entries())
      for (const [to, { elsewhere: goal }] of inhabitants.entries())
        if ((source ?? goal) === undefined ? !hasStray : hasStray) yield [from, to];
}

function proofOf(tenant: Tenant, direction: Direction, scene: Scene): Proof {
  const isHard = tenant.isolation === 'hard';
  const found = new Map<Scope, Counterexample>();
  const isNeeded = (when: Scope): boolean =>
    !scopes.slice(0, scopes.indexOf(when) + 1).some((scope) => found.has(scope));
  for (const [from, to] of pairsIn(scene.inhabitants, isHard)) {
    const [source, goal] = [scene.inhabitants[from]!, scene.inhabitants[to]!];
    const [own, other] = direction === 'in' ? [goal, source] : [source, goal];
    if (own.tenant !== tenant || other.tenant === tenant) continue;
    // What is foreign only calls, and only strangers are expected to.
    if (goal.trustDomain !== undefined || (source.trustDomain !== undefined && !isHard)) continue;
    const when = scopes[Math.max(scopes.indexOf(source.when), scopes.indexOf(goal.when))]!;
    if (!isNeeded(when)) continue;
    const region = scene.leak(from, to, isHard);
    if (region === NONE) continue;
    const counterexample = scene.counterexample(from, to, region);
    found.set(
      when,
      isHard ? { ...counterexample, weakness: weaknessOf(counterexample, scene.planes) } : counterexample,
    );
  }
  const [now, next, last] = scopes.map((scope) => found.get(scope));
  const { notAhead } = scene;
  const base = { tenant: tenant.name, direction, beyond: undefined, notAhead, by: [] };
  if (now !== undefined) return { ...base, proved: false, scope: 'today', counterexample: now };
  if (next !== undefined) return { ...base, proved: !isHard, scope: 'today', counterexample: next };
  const own = scene.inhabitants.find((one) => one.tenant === tenant);
  const by = own === undefined ? [] : scene.policiesOf(own);
  const isAll = scene.looksAhead && last === undefined;
  return { ...base, proved: true, scope: isAll ? 'namespaces' : 'future', counterexample: undefined, beyond: last, by };
}
