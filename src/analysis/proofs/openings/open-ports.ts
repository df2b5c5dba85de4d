/**
 * The ports at which the network lets connections into a workload, whoever answers there.
 * @module
 */

import { emptyRegistry } from '../../../policy/registry/registry.ts';
import { ALL, NONE, type Region } from '../../regions/diagrams.ts';
import type { Interval } from '../../regions/intervals.ts';
import { type RequestSpace, transport } from '../../regions/request-space.ts';
import { residentOf } from '../../universe/universe.ts';
import { createWorld } from '../world.ts';
import { calls, half, type OpeningsScene } from './scene.ts';

/** What the network leaves open of a workload. */
export interface OpenPorts {
  readonly workload: string;
  /** The names of its pods' certificates. */
  readonly principals: readonly string[];
  readonly tcp: readonly Interval[];
  /** UDP or SCTP passes: no sidecar stands there. */
  readonly others: boolean;
}

/** Of each workload of today. */
export function openPorts(scene: OpeningsScene): readonly OpenPorts[] {
  const { residents, space, side, network, classes } = scene;
  const { diagrams } = space;
  const world = createWorld(side.model, network === undefined ? [] : [half(network, 'ingress')], residents, space);
  const open = new Map<number, Region>();
  for (const [to, { resident: called }] of world.destinations.entries())
    for (const [from, { resident: caller }] of world.sources.entries()) {
      if (!calls(scene, caller, called)) continue;
      const allowed = world.planes.map((plane) => plane.verdictOf(from, to).allowed)[0];
      open.set(called, diagrams.or(open.get(called) ?? NONE, allowed ?? ALL));
    }
  const isTcp = diagrams.where(space.transport, transport.http | transport.tcp);
  const registry = side.model.registry ?? emptyRegistry;
  const pods = new Map(registry.endpoints.map((one) => [`${one.namespace}/${one.name}`, one]));
  return [...open].flatMap(([at, region]) => {
    const { members } = classes[at]!;
    if (members.length === 0) return [];
    const principals = members.flatMap((name) => {
      const one = residentOf(pods.get(name), side);
      return one?.endpoint === undefined ? [] : [one.principal];
    });
    return [
      {
        workload: scene.nameOf(at),
        principals: [...new Set(principals)],
        tcp: portsOf(space, diagrams.and(region, isTcp)),
        others: diagrams.minus(region, isTcp) !== NONE,
      },
    ];
  });
}

/** The ports of a region, whatever else its requests are. */
function portsOf({ diagrams, port }: RequestSpace, region: Region): readonly Interval[] {
  const known = new Map<Region, number>();
  const setOf = (here: Region): number => {
    if (here === NONE) return port.domain.of([]);
    const { variable, edges } = here === ALL ? { variable: Infinity, edges: [] } : diagrams.nodeOf(here);
    if (variable > port.id) return port.domain.full;
    let made = known.get(here);
    made ??= edges
      .filter(({ to }) => to !== NONE)
      .reduce((all, { set, to }) => port.domain.or(all, variable === port.id ? set : setOf(to)), port.domain.of([]));
    known.set(here, made);
    return made;
  };
  return port.domain.intervalsOf(setOf(region));
}
