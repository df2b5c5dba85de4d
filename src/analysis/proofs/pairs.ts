/**
 * Regions of pairs of classes: all planes together, over all addresses, with and without the caller's certificate.
 * @module
 */
import { isEmptyModel, type PolicyModel, type TokenRule } from '../../policy/model.ts';
import { ALL, NONE, type Region } from '../regions/diagrams.ts';
import type { RequestSpace } from '../regions/request-space.ts';
import type { Routes } from '../regions/shown-region.ts';
import type { Resident } from '../universe/resident.ts';
import type { Allowance, Verdict } from './plane-regions.ts';
import { createTokenLimits } from './token-claims.ts';
import type { Called, Caller, PlaneView, World } from './world.ts';

/** How one of a class calls one of another. */
interface Way {
  readonly source: number;
  readonly destination: number;
  /** The requests that come this way. */
  readonly region: Region;
}

/** Regions by the places of two residents. */
export interface Pairs {
  regionOf(from: number, to: number): Region;
  /** All requests that there are between two. */
  allOf(from: number, to: number): Region;
  /** By which one accepts tokens. */
  tokensOf(to: number): readonly TokenRule[];
  /** The region without what no token claims that is accepted there. */
  limited(region: Region, to: number): Region;
  /** Requests whose token, if any, is accepted there. */
  acceptedAt(to: number): Region;
  /** One plane's own. */
  planeRegionOf(plane: PlaneView, from: number, to: number): Region;
  /** The rules that allowed something of a region. */
  allowances(from: number, to: number, region: Region): readonly (Allowance & { readonly plane: string })[];
  routesOf(from: number, to: number): Routes;
  readonly planes: readonly PlaneView[];
}

/** Puts the parties of a world together by their residents. `refusesAll`: there is no policy, and that is refused. */
export function createPairs(
  world: World,
  residents: readonly (Resident | undefined)[],
  space: RequestSpace,
  refusesAll: boolean,
): Pairs {
  const { diagrams } = space;
  const callers = byResident(world.sources, residents.length);
  const called = byResident(world.destinations, residents.length);
  const limits = createTokenLimits(space);
  const tokensOf = (to: number): readonly TokenRule[] => world.destinations[called[to]?.[0] ?? -1]?.tokens ?? [];
  const certificates = world.sources.map((caller) => certificate(space, caller, callers[caller.resident]!.length > 1));
  const hasOneAddress = residents.map((one) => (one?.addresses.length ?? 0) <= 1);
  const waysOf = (from: number, to: number): readonly Way[] => {
    if (hasOneAddress[from]! && hasOneAddress[to]!)
      return called[to]!.flatMap((destination) =>
        callers[from]!.map((source): Way => ({ source, destination, region: certificates[source]! })),
      );
    const routes = routesBetween(residents[from], residents[to]);
    const out: Way[] = [];
    for (const destination of called[to]!)
      for (const source of callers[from]!) {
        const [caller, goal] = [world.sources[source]!, world.destinations[destination]!];
        const bit = routes.findIndex(([a, b]) => a === caller.address && b === goal.address);
        if (bit < 0) continue;
        out.push({
          source,
          destination,
          region: diagrams.and(certificates[source]!, route(space, bit, routes.length)),
        });
      }
    return out;
  };
  const union = (ways: readonly Way[], regionOf: (way: Way) => Region): Region =>
    ways.reduce((all: Region, way) => diagrams.or(all, diagrams.and(way.region, regionOf(way))), NONE);
  const ofAllPlanes = ({ source, destination }: Way): Region => {
    let out: Region = refusesAll ? NONE : ALL;
    for (const plane of world.planes) {
      if (out === NONE) break;
      out = diagrams.and(out, plane.verdictOf(source, destination).allowed);
    }
    return out;
  };
  // The network asks fewest questions: where it keeps callers out, no other plane is put together for them.
  const networkFirst = world.planes.toSorted((a, b) => Number(b.id === 'l4') - Number(a.id === 'l4'));
  /** Whether one plane alone lets nothing pass: most pairs are so, and then nothing is put together. */
  const isClosed = (from: number, to: number): boolean => {
    for (const destination of called[to]!)
      for (const source of callers[from]!) if (!isRefused(networkFirst, source, destination)) return false;
    return true;
  };
  return {
    planes: world.planes,
    regionOf: (from, to) =>
      isClosed(from, to) ? NONE : limits.within(union(waysOf(from, to), ofAllPlanes), tokensOf(to)),
    tokensOf,
    limited: (region, to) => limits.within(region, tokensOf(to)),
    acceptedAt: (to) => limits.of(tokensOf(to)),
    allOf: (from, to) => union(waysOf(from, to), () => ALL),
    planeRegionOf: (plane, from, to) =>
      union(waysOf(from, to), ({ source, destination }) => plane.verdictOf(source, destination).allowed),
    allowances(from, to, region) {
      const found = new Map<string, Allowance & { readonly plane: string }>();
      const asked = diagrams.and(region, limits.of(tokensOf(to)));
      for (const way of waysOf(from, to))
        for (const plane of world.planes)
          for (const one of ruled(plane.verdictOf(way.source, way.destination))) {
            const key = `${plane.id} ${JSON.stringify(one.policy.ref)} ${one.rule.index}`;
            if (found.has(key) || diagrams.and(diagrams.and(way.region, one.region), asked) === NONE) continue;
            found.set(key, { ...one, plane: plane.id });
          }
      return [...found.values()];
    },
    routesOf: (from, to) =>
      routesBetween(residents[from], residents[to]).map(([a, b]) => ({
        source: residents[from]?.addresses[a] ?? '',
        destination: residents[to]?.addresses[b] ?? '',
      })),
  };
}

function isRefused(planes: readonly PlaneView[], source: number, destination: number): boolean {
  for (const plane of planes) if (plane.verdictOf(source, destination).allowed === NONE) return true;
  return false;
}

const ruled = ({ by }: Verdict): readonly Allowance[] => by;

function byResident(parties: readonly (Caller | Called)[], count: number): readonly (readonly number[])[] {
  const out: number[][] = Array.from({ length: count }, () => []);
  for (const [at, { resident }] of parties.entries()) out[resident]!.push(at);
  return out;
}

/** Who has no certificate shows none: then the region need not say so. */
function certificate({ diagrams, mtls }: RequestSpace, { showsCertificate }: Caller, isAsked: boolean): Region {
  return isAsked ? diagrams.where(mtls, showsCertificate ? 1 : 2) : ALL;
}

/** The last route has the bits that are left: all routes together are all there is. */
function route({ diagrams, route: variable }: RequestSpace, bit: number, of: number): Region {
  const own = bit === of - 1 ? diagrams.domainOf(variable).full & ~((1 << bit) - 1) : 1 << bit;
  return diagrams.where(variable, own);
}

/** Whether packets go from one to the other; an address that is not known may be of either family. */
const canReach = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a.includes(':') === b.includes(':');

/** Pairs of addresses of one family, by their places; of every family if there is none that both have. */
export function routesBetween(
  from: Resident | undefined,
  to: Resident | undefined,
): readonly (readonly [source: number, destination: number])[] {
  if (from === undefined || to === undefined) return [];
  const own = from.addresses.length === 0 ? [undefined] : from.addresses;
  const others = to.addresses.length === 0 ? [undefined] : to.addresses;
  const all = own.flatMap((_, a) => others.map((__, b) => [a, b] as const));
  const alike = all.filter(([a, b]) => canReach(own[a], others[b]));
  return alike.length > 0 ? alike : all;
}

/** Without any policy everything is refused, unless that is allowed. */
export const refusesAll = (model: PolicyModel, allowEmpty: boolean): boolean => !allowEmpty && isEmptyModel(model);
