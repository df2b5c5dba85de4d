/**
 * Which workloads of the registry may meet, by all planes together and by each alone.
 * @module
 */
import { createMap, type MapEdge } from '../../analysis/proofs/map/map.ts';
import { createEffort } from '../../analysis/regions/bound.ts';
import type { UniverseClass } from '../../analysis/universe/universe.ts';
import { toAddress } from '../../authz/facts/client-address.ts';
import { loadConfig } from '../../config/read-config.ts';
import type { Conflict, Pair, PairsAnswer } from '../../console/model/pairs.ts';
import { createRegistryContext } from '../../policy/meaning/registry-context.ts';
import { applies } from '../../policy/meaning/subject.ts';
import type { Plane, Policy, Subject } from '../../policy/model.ts';
import { type ProofSide, proofSide } from '../../server/policy/proof-side.ts';

const MOST_MS = 30_000;
const MOST_PAIRS = 50_000;

/** @throws GatehouseError as `proofSide`; BoundMet where it takes too long */
export function answerPairs(configFile: string): PairsAnswer {
  const side = proofSide(loadConfig(configFile), undefined);
  const together = pairsOf(side, side.planes).met;
  const apart = side.planes.length < 2 ? [] : side.planes.map((plane) => ({ plane, ...pairsOf(side, [plane]) }));
  const nowhere = accountsWithoutAddress(side);
  const selecting = selectingPolicies(side.model);
  const conflicts = [...new Set(apart.flatMap(({ met }) => [...met.keys()]))]
    .filter((key) => !together.has(key))
    .map((key): Conflict => {
      const [from, to] = JSON.parse(key) as Pair; // written below
      const [allowing, denying] = [true, false].map((isAllowed) =>
        apart.filter(({ met }) => met.has(key) === isAllowed),
      );
      const edges = (allowing ?? []).flatMap(({ met, rulesOf }) =>
        (met.get(key) ?? []).map((edge) => ({ edge, rulesOf })),
      );
      const denied = (denying ?? []).flatMap(({ plane }) => edges.flatMap(({ edge }) => selecting(plane, edge)));
      return {
        ...{ from, to },
        allowedBy: (allowing ?? []).map(({ plane }) => plane.id),
        allowedByOwners: ownersOf(edges.flatMap(({ edge, rulesOf }) => rulesOf(edge))),
        deniedBy: (denying ?? []).map(({ plane }) => plane.id),
        deniedByOwners: ownersOf(denied),
      };
    })
    // What a rule about addresses says of a pod whose address nobody knows is no disagreement.
    .filter(({ from, to, deniedBy }) => deniedBy.length > 0 && !nowhere.has(from) && !nowhere.has(to));
  const pairs = [...together.keys()].map((key) => JSON.parse(key) as Pair); // written below
  const isCut = pairs.length > MOST_PAIRS || conflicts.length > MOST_PAIRS;
  const notes = [
    (side.model.registry?.endpoints ?? []).length === 0
      ? 'the registry of the configuration has no pods: who could meet is not known'
      : '',
    nowhere.size > 0
      ? `of ${nowhere.size} workloads no address is known: rules about addresses are not held against them`
      : '',
    isCut ? `only the first ${MOST_PAIRS} pairs are told` : '',
  ];
  return {
    pairs: pairs.slice(0, MOST_PAIRS),
    conflicts: conflicts.slice(0, MOST_PAIRS),
    note: notes.filter((each) => each !== '').join('; '),
  };
}

/** `NAMESPACE/SERVICEACCOUNT` of pods whose place is not known. */
function accountsWithoutAddress({ model, unplaced }: ProofSide): ReadonlySet<string> {
  const pods = new Set(unplaced);
  const endpoints = (model.registry?.endpoints ?? []).filter(({ namespace, name }) => pods.has(`${namespace}/${name}`));
  return new Set(endpoints.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`));
}

/** By the pair in JSON: of its planes all let something pass. */
function pairsOf(side: ProofSide, planes: readonly Plane[]) {
  const { allowEmpty } = side;
  const map = createMap({ side, planes, allowEmpty, effort: createEffort(MOST_MS) });
  const met = new Map<string, MapEdge[]>();
  for (const edge of map.edges((from, to) => from.outside === undefined && to.outside === undefined))
    for (const from of accountsOf(edge.from))
      for (const to of accountsOf(edge.to)) {
        const key = JSON.stringify([from, to] satisfies Pair);
        met.set(key, [...(met.get(key) ?? []), edge]);
      }
  const rulesOf = ({ from, to, region }: MapEdge): readonly Owned[] =>
    map.pairs.allowances(map.placeOf(from), map.placeOf(to), region).map(({ policy }) => policy);
  return { met, rulesOf };
}

type Owned = Pick<Policy, 'owner'>;

const ownersOf = (policies: readonly Owned[]): readonly string[] =>
  [...new Set(policies.map(({ owner }) => owner).filter((owner) => owner !== ''))].sort();

/** The policies of a plane that select who is asked, and of egress who asks: by one of them it denies. */
function selectingPolicies({ registry, absence }: ProofSide['model']) {
  const context = registry === undefined ? undefined : createRegistryContext(registry, absence);
  const selects = (subject: Subject, { residents: [resident] }: UniverseClass): boolean => {
    const endpoint = resident?.endpoint;
    if (endpoint === undefined) return false;
    const { namespace, serviceAccount } = endpoint;
    const bare = { spiffeId: resident?.principal ?? '', namespace, serviceAccount, labels: new Map(endpoint.labels) };
    const pod = context?.locate(bare, toAddress(endpoint.addresses[0] ?? '')) ?? bare;
    return applies(subject, pod, context ?? {}) !== 'no';
  };
  return ({ stages }: Plane, { from, to }: MapEdge): readonly Owned[] =>
    stages.flatMap((stage) => {
      const selected = 'direction' in stage && stage.direction === 'egress' ? from : to;
      const policies: readonly (Owned & { readonly subject: Subject })[] = stage.policies;
      return policies.filter(({ subject }) => selects(subject, selected));
    });
}

const accountsOf = ({ namespace, serviceAccounts }: UniverseClass): readonly string[] =>
  serviceAccounts.map((each) => `${namespace}/${each}`);
