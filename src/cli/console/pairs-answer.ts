/**
 * Which workloads of the registry may meet, by all planes together and by each alone.
 * @module
 */
import { createMap } from '../../analysis/proofs/map/map.ts';
import { createEffort } from '../../analysis/regions/bound.ts';
import type { UniverseClass } from '../../analysis/universe/universe.ts';
import { loadConfig } from '../../config/read-config.ts';
import type { Conflict, Pair, PairsAnswer } from '../../console/model/pairs.ts';
import type { Plane } from '../../policy/model.ts';
import { type ProofSide, proofSide } from '../../server/policy/proof-side.ts';

const MOST_MS = 30_000;
const MOST_PAIRS = 50_000;

/** @throws GatehouseError as `proofSide`; BoundMet where it takes too long */
export function answerPairs(configFile: string): PairsAnswer {
  const side = proofSide(loadConfig(configFile), undefined);
  const together = pairsOf(side, side.planes);
  const apart = side.planes.length < 2 ? [] : side.planes.map((plane) => ({ plane, met: pairsOf(side, [plane]) }));
  const nowhere = accountsWithoutAddress(side);
  const conflicts = [...new Set(apart.flatMap(({ met }) => [...met.keys()]))]
    .filter((key) => !together.has(key))
    .map((key): Conflict => {
      const [from, to] = JSON.parse(key) as Pair; // written below
      const ids = (isAllowed: boolean) =>
        apart.filter(({ met }) => met.has(key) === isAllowed).map(({ plane }) => plane.id);
      return { from, to, allowedBy: ids(true), deniedBy: ids(false) };
    })
    // What a rule about addresses says of a pod whose address nobody knows is no disagreement.
    .filter(({ from, to, deniedBy }) => deniedBy.length > 0 && !nowhere.has(from) && !nowhere.has(to));
  const pairs = [...together.values()];
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
function pairsOf(side: ProofSide, planes: readonly Plane[]): ReadonlyMap<string, Pair> {
  const { allowEmpty } = side;
  const map = createMap({ side, planes, allowEmpty, effort: createEffort(MOST_MS) });
  const pairs = new Map<string, Pair>();
  for (const edge of map.edges((from, to) => from.outside === undefined && to.outside === undefined))
    for (const from of accountsOf(edge.from))
      for (const to of accountsOf(edge.to)) pairs.set(JSON.stringify([from, to]), [from, to]);
  return pairs;
}

const accountsOf = ({ namespace, serviceAccounts }: UniverseClass): readonly string[] =>
  serviceAccounts.map((each) => `${namespace}/${each}`);
