/**
 * Whom the planes certainly let in to one place of a workload, by which ports and under which conditions.
 * @module
 */
import type { Destination, Facts } from '../../facts.ts';
import type { Absence, Expr, Plane, Stage } from '../../model.ts';
import type { IndexedRegistry } from './indexed-registry.ts';
import type { LetIn } from './lets-in.ts';
import type { PodGroup } from './pod-groups.ts';
import { portsOf } from './ports-of.ts';
import { letThrough, type SelectedTier, selectTiers } from './tiers.ts';

/** What is asked besides the place and the callers. */
export interface Asked {
  readonly protocol: 'http' | 'tcp';
  readonly absence: Absence;
  readonly planes: readonly Plane[];
  readonly indexed: IndexedRegistry;
  readonly workload: Destination;
}

/** Ports that are told apart at one place; where there are more, nobody is let in for certain. */
const MOST_PORTS = 256;

/** A port, or undefined for all that are not told apart. */
type Port = number | undefined;

/** Finds it out; callers and ports that are let in alike stand together. */
export function letInAt(place: PodGroup, callers: readonly PodGroup[], asked: Asked): readonly Omit<LetIn, 'at'>[] {
  const answers = answersAt(place, callers, asked);
  const ports = new Set<Port>([undefined]);
  for (const { byPort } of answers) for (const port of byPort.keys()) ports.add(port);
  if (ports.size > MOST_PORTS) return [];
  const groups = new Map<string, Pick<LetIn, 'from' | 'when'> & { readonly ports: Set<Port> }>();
  for (const port of ports) {
    const byCondition = Map.groupBy(answers, ({ byPort }) => {
      const when = byPort.has(port) ? byPort.get(port) : byPort.get(undefined);
      return when && JSON.stringify(when);
    });
    for (const [name, some] of byCondition) {
      if (name === undefined) continue;
      const from = some.flatMap(({ caller }) => caller.addresses);
      const key = `${name} ${from.join(' ')}`;
      const group = groups.get(key) ?? { from, when: JSON.parse(name) as readonly Expr[], ports: new Set() }; // written above
      group.ports.add(port);
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ ports: own, ...rest }) => {
    const isOtherPorts = own.has(undefined);
    const told = [...ports].flatMap((port) => (port === undefined || own.has(port) === isOtherPorts ? [] : [port]));
    return { ports: told.sort((a, b) => a - b), isOtherPorts, ...rest };
  });
}

/** Whether one of the callers may be let in; false: what they are does not matter to the place. */
export const mayLetIn = (place: PodGroup, callers: readonly PodGroup[], asked: Asked): boolean =>
  answersAt(place, callers, asked).length > 0;

/** Equal names: each of the callers is let in alike. */
export const answersName = (place: PodGroup, callers: readonly PodGroup[], asked: Asked): string =>
  JSON.stringify(answersAt(place, callers, asked).map(({ caller, byPort }) => [caller.addresses, [...byPort]]));

/** Under which conditions a caller is let in by each port: empty, under none; undefined, not for certain. */
interface Answer {
  readonly caller: PodGroup;
  readonly byPort: ReadonlyMap<Port, readonly Expr[] | undefined>;
}

function answersAt(place: PodGroup, callers: readonly PodGroup[], asked: Asked): readonly Answer[] {
  const { protocol, absence, planes, indexed, workload } = asked;
  const ingress = tiersOf(planes, 'ingress', indexed.locate(workload, place.address), indexed);
  const named = indexed.context.namedPortsAt(place.address).map(({ port }) => port);
  const own = new Set<Port>([undefined, ...named, ...ingress.flatMap(portsOf)]);
  return callers.flatMap((caller) => {
    const facts = factsOf(caller, place, asked);
    const conditionsOf = (tiers: Tiers, port: Port) =>
      certain(tiers, { facts, port, protocol, absence, judgeOf: indexed.judgeOf });
    if (![...own].some((port) => conditionsOf(ingress, port) !== undefined)) return [];
    const egress = egressOf(caller, asked);
    const ports = new Set<Port>([...own, ...egress.flatMap(portsOf)]);
    const both = [...ingress, ...egress];
    return [{ caller, byPort: new Map([...ports].map((port) => [port, conditionsOf(both, port)] as const)) }];
  });
}

/** The tiers of a pod; each of these lists has to let a connection pass. */
type Tiers = readonly (readonly SelectedTier[])[];

function tiersOf(
  planes: readonly Plane[],
  direction: 'ingress' | 'egress',
  pod: Destination,
  indexed: IndexedRegistry,
): Tiers {
  const directionOf = (stage: Stage) => ('direction' in stage ? stage.direction : undefined) ?? 'ingress';
  return planes.flatMap(({ id, stages }) => {
    if (id === 'l4')
      return [
        selectTiers(
          stages.filter((stage) => directionOf(stage) === direction),
          pod,
          indexed,
        ),
      ];
    if (direction === 'egress') return [];
    return id === 'site'
      ? stages.map((stage) => selectTiers([stage], pod, indexed))
      : [selectTiers(stages, pod, indexed)];
  });
}

const egressKnown = new WeakMap<Plane, WeakMap<PodGroup, Tiers>>();

/** Every pod at the address has to be let out by the network. */
function egressOf(caller: PodGroup, { planes, indexed }: Asked): Tiers {
  return planes.flatMap((plane) => {
    if (plane.id !== 'l4') return [];
    const byCaller = egressKnown.get(plane) ?? new WeakMap<PodGroup, Tiers>();
    egressKnown.set(plane, byCaller);
    let tiers = byCaller.get(caller);
    if (tiers === undefined) {
      tiers = caller.pods.flatMap((pod) => tiersOf([plane], 'egress', indexed.destinationOf(pod), indexed));
      byCaller.set(caller, tiers);
    }
    return tiers;
  });
}

function certain(tiers: Tiers, occasion: Parameters<typeof letThrough>[1]): readonly Expr[] | undefined {
  let conditions: readonly Expr[] = [];
  for (const each of tiers) {
    const through = letThrough(each, occasion);
    if (through === 'all') continue;
    if (through === undefined || conditions.length > 0) return undefined;
    conditions = through;
  }
  return conditions;
}

const TCP = 6;

/** What is known of a connection between the two. */
function factsOf({ address, account = '' }: PodGroup, place: PodGroup, { protocol, workload }: Asked): Facts {
  return {
    ...{ protocol, destination: workload, destinationPort: -1, sourcePort: -1, ipProtocol: TCP },
    ...{ sourceAddress: address, remoteAddress: undefined, destinationAddress: place.address },
    ...{ sourcePrincipal: `spiffe://any${account}`, destinationPrincipal: workload.spiffeId, peerNames: [] },
    ...{ sourceLabels: new Map(), method: '', path: undefined, host: undefined, sni: undefined },
    ...{ header: () => [], claim: () => [], metadata: () => [], verifyTokens: () => ({ accepted: true }) },
  };
}
