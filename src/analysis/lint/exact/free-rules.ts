/**
 * Rules → the requests for which they hold, of callers and workloads that may be anybody.
 * @module
 */
import { unknownHolds } from '../../../policy/meaning/absence.ts';
import type { Absence, Expr, Plane, Rule, RuleStage, TextFact, TextPattern } from '../../../policy/model.ts';
import { requestAtom, type Seen } from '../../proofs/request-atoms.ts';
import { spaceOf } from '../../proofs/space-of.ts';
import { always, both, either, holdsIn, inside, never, opposite, type Truths } from '../../proofs/truths.ts';
import { type Diagrams, NONE, type Region } from '../../regions/diagrams.ts';
import { maskDomain } from '../../regions/domain.ts';
import { createFeasible } from '../../regions/feasible.ts';
import { intervalDomain } from '../../regions/intervals.ts';
import { createRequestSpace, transport } from '../../regions/request-space.ts';
import { createFreeParties } from './free-parties.ts';
import { createPlainWay } from './plain-way.ts';
import type { Selections } from './selections.ts';

/** Regions of rules. */
export interface FreeRules {
  readonly diagrams: Diagrams;
  /** Where a rule holds. @throws BoundMet */
  regionOf(stage: RuleStage, rule: Rule): Region;
  /** No request is in the region. */
  isEmpty(region: Region): boolean;
}

/** What tokens say may be anything; where none is verified they say nothing, which is one of all that they may say. */
const anythingClaimed: Seen = { claims: true, rewritten: new Set() };

/** `mostNodes` bounds the memory. */
export function createFreeRules(
  planes: readonly Plane[],
  absence: Absence,
  selections: Selections,
  mostNodes: number,
): FreeRules {
  // The normal form of a path is a text of its own here, so that no path need be left out.
  const space = createRequestSpace({ ...spaceOf(planes, []).options, plainPaths: false, routes: 1, mostNodes });
  const { diagrams } = space;
  const parties = createFreeParties(space, absence, selections);
  const feasible = createFeasible(space);
  const isPlain = createPlainWay(space, parties.isTied);
  const known = new WeakMap<Expr, Truths>();
  const regions = new WeakMap<Rule, Region>();
  const isHttp = diagrams.where(space.transport, transport.http);
  // Networks also carry what is no request, such as ICMP.
  const isOther = diagrams.where(diagrams.addVariable(maskDomain(2)), 1);
  const numbers = intervalDomain(0, 255);
  const number = diagrams.addVariable(numbers);

  const flagged = (fact: TextFact, any: readonly TextPattern[]): Truths => {
    const flag = (of: readonly TextPattern[]): Region =>
      of.length === 0 ? NONE : space.flagOf(JSON.stringify({ fact, any: of }));
    if (absence === 'upstream') return holdsIn(diagrams, flag(any));
    const present = flag([{ is: 'present' }]);
    return { yes: diagrams.and(present, flag(any)), no: diagrams.minus(present, flag(any)) };
  };
  const truthsOf = (expr: Expr): Truths => {
    const made = known.get(expr) ?? workedOut(expr);
    known.set(expr, made);
    return made;
  };
  const workedOut = (expr: Expr): Truths => {
    switch (expr.op) {
      case 'all':
        return expr.of.reduce((all, part) => both(diagrams, all, truthsOf(part)), always);
      case 'any':
        return expr.of.reduce((all, part) => either(diagrams, all, truthsOf(part)), never);
      case 'not':
        return opposite(truthsOf(expr.of));
      case 'text':
        return expr.fact.of === 'peerName' || expr.fact.of === 'normalPath'
          ? flagged(expr.fact, expr.any)
          : requestAtom(expr, space, absence, anythingClaimed);
      case 'port':
        return requestAtom(expr, space, absence, anythingClaimed);
      case 'protocol': {
        const other = numbers.of(expr.any.map((one) => [one, one]));
        const usual = requestAtom(expr, space, absence, anythingClaimed);
        return inside(diagrams, isOther, holdsIn(diagrams, diagrams.where(number, other)), usual);
      }
      default:
        return parties.truthsOf(expr);
    }
  };
  const heldBy = (stage: RuleStage, { effect, http, tcp }: Rule): Region => {
    const of = (expr: Expr): Region => {
      const { yes, no } = truthsOf(expr);
      return unknownHolds(stage.kind, effect) ? diagrams.not(no) : yes;
    };
    if (tcp === http) return of(http);
    const ofHttp = diagrams.and(isHttp, of(http));
    return tcp === undefined ? ofHttp : diagrams.or(ofHttp, diagrams.minus(of(tcp), isHttp));
  };
  return {
    diagrams,
    regionOf(stage, rule) {
      const region = regions.get(rule) ?? heldBy(stage, rule);
      regions.set(rule, region);
      return region;
    },
    isEmpty: (region) =>
      region === NONE ||
      (!isPlain(region) && (feasible(region) === NONE || parties.possible(feasible(region)) === NONE)),
  };
}
