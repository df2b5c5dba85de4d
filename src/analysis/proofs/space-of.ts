/**
 * The space of requests that some models tell apart.
 * @module
 */
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { Plane, Stage, TextFact, TextPattern } from '../../policy/model.ts';
import { anyEffort, BoundMet, type Effort } from '../regions/bound.ts';
import {
  type AskedList,
  createRequestSpace,
  isHostHeader,
  type RequestSpace,
  type SpaceOptions,
} from '../regions/request-space.ts';
import { type AtomPlace, visitAtoms } from '../universe/asked-ranges.ts';
import type { Resident } from '../universe/resident.ts';
import { routesBetween } from './pairs.ts';

/** Hosts are the same in any case, unless a pattern says otherwise. */
const looksAtCase = (pattern: TextPattern): boolean =>
  !('ignoreCase' in pattern && pattern.ignoreCase === true) && pattern.is !== 'present' && pattern.is !== 'nonEmpty';

const MOST_ROUTES = 30;

/** Creates a space for planes and for who calls whom. @throws BoundMet if something cannot be represented together */
export function spaceOf(
  planes: readonly Plane[],
  residents: readonly (Resident | undefined)[],
  effort: Effort = anyEffort,
): RequestSpace {
  const lists = createListCollector();
  visitAtoms(planes.map(deciding), (atom, place) => {
    if (atom.op === 'address' && atom.fact === 'remote') lists.remoteAt(place);
    if (atom.op !== 'text') return;
    const { fact } = atom;
    if (fact.of === 'header' && (isHostHeader(fact.name) || fact.name === ':path')) return;
    if (fact.of === 'claim' || fact.of === 'metadata' || fact.of === 'header') lists.add(fact, atom.any, place);
  });
  const several = residents.filter((one) => (one?.addresses.length ?? 0) > 1);
  const routes = several.reduce(
    (most, one) => several.reduce((all, other) => Math.max(all, routesBetween(one, other).length), most),
    several.reduce((most, one) => Math.max(most, one?.addresses.length ?? 1), 1),
  );
  if (routes > MOST_ROUTES) throw new BoundMet(`two pods with ${routes} pairs of addresses`);
  return createRequestSpace({ ...textOptions(planes), routes, lists: lists.asked(), effort });
}

/** What conditions look at hosts and paths for. */
export function textOptions(planes: readonly Plane[]): Pick<SpaceOptions, 'caseOfHost' | 'wholePath' | 'plainPaths'> {
  let [caseOfHost, wholePath, plainPaths] = [false, false, false];
  visitAtoms(planes.map(deciding), (atom) => {
    if (atom.op !== 'text') return;
    const { fact } = atom;
    if (fact.of === 'normalPath') plainPaths = true;
    if (fact.of === 'host' && atom.any.some(looksAtCase)) caseOfHost = true;
    if (fact.of !== 'header') return;
    if (isHostHeader(fact.name)) caseOfHost = true;
    if (fact.name === ':path') wholePath = true;
  });
  return { caseOfHost, wholePath, plainPaths };
}

/** The plane without what decides nothing. */
function deciding(plane: Plane): Plane {
  const stages = plane.stages.flatMap((stage): Stage[] => {
    if (stage.kind === 'transport' || stage.kind === 'token') return [stage];
    const policies = stage.policies.filter((one) => one.mode === 'enforce' && one.providerAskedBy !== 'envoy');
    return stage.kind === 'audit' ? [] : [{ ...stage, policies }];
  });
  return { ...plane, stages };
}

/** Collects what is asked of facts of many values. */
function createListCollector() {
  const known = new Map<string, { fact: TextFact; places: Map<readonly TextPattern[], AtomPlace> }>();
  let remote: AtomPlace | undefined;
  return {
    remoteAt: (place: AtomPlace) => (remote ??= place),
    add(fact: TextFact, any: readonly TextPattern[], place: AtomPlace): void {
      if (fact.of === 'header' && fact.name === ':method') return; // the method's own variable
      const name = nameOfFact(fact);
      const one = known.get(name) ?? { fact, places: new Map() };
      known.set(name, one);
      one.places.set(any, place);
    },
    asked(): readonly AskedList[] {
      const forwarded = known.get('header x-forwarded-for');
      if (forwarded !== undefined && remote !== undefined)
        throw named(
          new BoundMet("conditions on the client's address and on the header x-forwarded-for, which tells it"),
          [...forwarded.places.values()][0] ?? remote,
        );
      return [...known.values()].map(({ fact, places }) => ({
        fact,
        conditions: [...places.keys()],
        at: (condition, met) => {
          const place = [...places].find(([one]) => isSame(one, condition))?.[1];
          return place === undefined ? met : named(met, place);
        },
      }));
    },
  };
}

const isSame = (a: readonly TextPattern[], b: readonly TextPattern[]): boolean =>
  a.every((one) => b.some((other) => JSON.stringify(one) === JSON.stringify(other)));

const named = (met: BoundMet, { policy, rule }: AtomPlace): BoundMet => met.at(policy, rule);
