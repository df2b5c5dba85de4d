/**
 * Who can reach whom, and on what.
 * @module
 */
import type { Plane } from '../../../policy/model.ts';
import type { Effort } from '../../regions/bound.ts';
import { NONE, type Region } from '../../regions/diagrams.ts';
import type { RequestSpace } from '../../regions/request-space.ts';
import { type Box, createRegionPrinter, type Routes } from '../../regions/shown-region.ts';
import { type PodsAhead, type Side, type UniverseClass, universeClasses } from '../../universe/universe.ts';
import { createPairs, type Pairs, refusesAll } from '../pairs.ts';
import { spaceOf } from '../space-of.ts';
import { createWorld } from '../world.ts';

/** What is asked. */
export interface MapRequest {
  readonly side: Side;
  readonly planes: readonly Plane[];
  readonly allowEmpty: boolean;
  /** Hears of each class whose callers are done. */
  readonly progress?: (done: number, of: number) => void;
  readonly effort?: Effort;
  /** Pods of the side that do not exist. */
  readonly coming?: PodsAhead;
}

/** One class reaches another on a region. */
export interface MapEdge {
  readonly from: UniverseClass;
  readonly to: UniverseClass;
  readonly region: Region;
}

/** The map. */
export interface ReachMap {
  readonly classes: readonly UniverseClass[];
  /** In the order of the classes; none is empty. */
  edges(isWanted: (from: UniverseClass, to: UniverseClass) => boolean): Generator<MapEdge>;
  boxesOf(region: Region, routes: Routes): readonly Box[];
  readonly pairs: Pairs;
  readonly space: RequestSpace;
  /** All requests from one class to another: who has no certificate shows none. */
  universeOf(from: UniverseClass, to: UniverseClass): Region;
  placeOf(one: UniverseClass): number;
}

/** Makes the map; regions are worked out as they are asked for. */
export function createMap({ side, planes, allowEmpty, progress, effort, coming }: MapRequest): ReachMap {
  const classes = universeClasses([side], coming);
  const residents = classes.map((one) => one.residents[0]);
  const space = spaceOf(planes, residents, effort);
  const world = createWorld(side.model, planes, residents, space);
  const pairs = createPairs(world, residents, space, refusesAll(side.model, allowEmpty));
  const places = new Map(classes.map((one, place) => [one, place]));
  const { boxesOf } = createRegionPrinter(space);
  return {
    ...{ classes, pairs, space, boxesOf },
    placeOf: (one) => places.get(one)!,
    universeOf: (from, to) => pairs.allOf(places.get(from)!, places.get(to)!),
    *edges(isWanted) {
      for (const [at, from] of classes.entries()) {
        progress?.(at, classes.length);
        for (const [place, to] of classes.entries()) {
          if (to.outside !== undefined || (from === to && from.size === 1) || !isWanted(from, to)) continue;
          const region = pairs.regionOf(at, place);
          if (region !== NONE) yield { from, to, region };
        }
      }
    },
  };
}
