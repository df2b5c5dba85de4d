/**
 * The space of requests that some models tell apart.
 * @module
 */
import type { Plane, TextPattern } from '../../policy/model.ts';
import { BoundMet } from '../regions/bound.ts';
import { createRequestSpace, type RequestSpace } from '../regions/request-space.ts';
import { visitAtoms } from '../universe/asked-ranges.ts';
import type { Resident } from '../universe/resident.ts';
import { routesBetween } from './pairs.ts';

/** Hosts are the same in any case, unless a pattern says otherwise. */
const looksAtCase = (pattern: TextPattern): boolean =>
  !('ignoreCase' in pattern && pattern.ignoreCase === true) && pattern.is !== 'present' && pattern.is !== 'nonEmpty';

const MOST_ROUTES = 30;

/** Creates a space for planes and for who calls whom. */
export function spaceOf(planes: readonly Plane[], residents: readonly (Resident | undefined)[]): RequestSpace {
  let [caseOfHost, wholePath, plainPaths] = [false, false, false];
  visitAtoms(planes, (atom) => {
    if (atom.op !== 'text') return;
    if (atom.fact.of === 'normalPath') plainPaths = true;
    if (atom.fact.of === 'host' && atom.any.some(looksAtCase)) caseOfHost = true;
    if (atom.fact.of !== 'header') return;
    if (atom.fact.name === ':authority') caseOfHost = true;
    if (atom.fact.name === ':path') wholePath = true;
  });
  const several = residents.filter((one) => (one?.addresses.length ?? 0) > 1);
  const routes = several.reduce(
    (most, one) => several.reduce((all, other) => Math.max(all, routesBetween(one, other).length), most),
    several.reduce((most, one) => Math.max(most, one?.addresses.length ?? 1), 1),
  );
  if (routes > MOST_ROUTES) throw new BoundMet(`two pods with ${routes} pairs of addresses`);
  return createRequestSpace({ caseOfHost, wholePath, plainPaths, routes });
}
