/**
 * Holds a map against the real decision: of each of its regions one request that must pass, and one beside it that must not.
 * @module
 */
import { BoundMet } from '../../regions/bound.ts';
import { NONE, type Region } from '../../regions/diagrams.ts';
import { disagrees, type Replay } from '../replay.ts';
import type { Witness, Witnesses } from '../witness.ts';
import type { MapEdge, ReachMap } from './map.ts';

/** Makes the check; each region is tried at the first edge that has it. */
export function createMapCheck(map: ReachMap, witnesses: Witnesses, replay: Replay): (edge: MapEdge) => void {
  const tried = new Set<Region>();
  const { diagrams } = map.space;
  return (edge) => {
    if (tried.has(edge.region)) return;
    tried.add(edge.region);
    const [from, to] = [edge.from.residents[0]!, edge.to.seconds[0]!]; // an edge has both ends
    const place = map.placeOf(edge.to);
    const beside = diagrams.and(map.universeOf(edge.from, edge.to), diagrams.not(edge.region));
    const outside = map.pairs.limited(beside, place);
    for (const [region, wanted] of [
      [edge.region, 'allow'],
      [outside, 'deny'],
    ] as const) {
      const witness =
        region === NONE ? undefined : written(() => witnesses.of(region, from, to, map.pairs.tokensOf(place)));
      if (witness === undefined) continue;
      const got = replay(witness)?.effect;
      if (got !== wanted) throw disagrees(witness, wanted, got);
    }
  };
}

/** Undefined for a request that we cannot write. */
function written(make: () => Witness): Witness | undefined {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof BoundMet) return undefined;
    throw thrown;
  }
}
