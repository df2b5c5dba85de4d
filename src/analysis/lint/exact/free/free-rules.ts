/**
 * Rules → the requests for which they hold, of callers and workloads that may be anybody.
 * @module
 */
import { unknownHolds } from '../../../../policy/meaning/absence.ts';
import type { Absence, Atom, Expr, Plane, Rule, RuleStage } from '../../../../policy/model.ts';
import { requestAtom, type Seen } from '../../../proofs/request-atoms.ts';
import { textOptions } from '../../../proofs/space-of.ts';
import {
  always,
  both,
  either,
  holdsIn,
  inside,
  never,
  opposite,
  type Truths,
  unknownAlways,
} from '../../../proofs/truths.ts';
import { type Diagrams, NONE, type Region } from '../../../regions/diagrams.ts';
import { maskDomain } from '../../../regions/domain.ts';
import { intervalDomain } from '../../../regions/intervals.ts';
import { createRequestSpace, isHostHeader, transport } from '../../../regions/request-space.ts';
import { type Compared, createCompared } from './compared.ts';
import { createFeasible } from './feasible.ts';
import { createFlags } from './flags.ts';
import { createFreeParties } from './free-parties.ts';
import { createPlainWay } from './plain-way.ts';
import type { Selections } from './selections.ts';

/** Regions of rules. */
export interface FreeRules extends Compared {
  readonly diagrams: Diagrams;
  /** Where a rule holds. @throws BoundMet */
  regionOf(stage: RuleStage, rule: Rule): Region;
  /** No request is in the region. */
  isEmpty(region: Region): boolean;
  /** The region without parties of whom nothing is known, and those of two selectors that no one pod satisfies. */
  ofOnePod(region: Region): Region;
  /** Plainly some request is in the region and in all of `within`, and in none of the others; false says nothing. */
  escapes(region: Region, others: readonly Region[], within?: readonly Region[]): boolean;
  /** The same, of parties who are known. */
  escapesAsOnePod(region: Region, others: readonly Region[], within?: readonly Region[]): boolean;
}

/** What tokens say may be anything; where none is verified they say nothing, which is one of all that they may say. */
const anythingClaimed: Seen = { claims: true, rewritten: new Set() };

/** Starts without any region. */
export function createFreeRules(planes: readonly Plane[], absence: Absence, selections: Selections): FreeRules {
  // The normal form of a path is a text of its own here, so that no path need be left out.
  const space = createRequestSpace({ ...textOptions(planes), plainPaths: false, routes: 1 });
  const { diagrams } = space;
  const flags = createFlags(diagrams);
  const parties = createFreeParties(planes, space, absence, selections);
  const feasible = createFeasible(diagrams, flags);
  const isPlain = createPlainWay(diagrams, flags, parties.canAnswer);
  const isPlainOfOnePod = createPlainWay(diagrams, flags, parties.canAnswerAsOnePod);
  const known = new WeakMap<Expr, Truths>();
  const atoms = new Map<string, Truths>();
  const regions = new WeakMap<Rule, Region>();
  const isHttp = diagrams.where(space.transport, transport.http);
  // Networks also carry what is no request, such as ICMP.
  const isOther = diagrams.where(diagrams.addVariable(maskDomain(2)), 1);
  const numbers = intervalDomain(0, 255);
  const number = diagrams.addVariable(numbers);

  const flagged = ({ fact, any }: TextAtom): Truths => {
    const yes = flags.where(fact, any);
    if (absence === 'upstream' || fact.of === 'header') return holdsIn(diagrams, yes); // a missing header is known to be missing
    const present = flags.where(fact, [{ is: 'present' }]);
    return { yes: diagrams.and(present, yes), no: diagrams.minus(present, yes) };
  };
  const ofText = (atom: TextAtom): Truths => {
    const { fact } = atom;
    const isOfHttp = fact.of === 'claim' || (fact.of === 'header' && !isPartOfHttp(fact.name));
    if (isOfHttp) {
      const absent = absence === 'strict' && fact.of === 'claim' ? unknownAlways : never;
      return inside(diagrams, isHttp, flagged(atom), absent);
    }
    const isList = fact.of === 'peerName' || fact.of === 'normalPath' || fact.of === 'metadata';
    return isList ? flagged(atom) : requestAtom(atom, space, absence, anythingClaimed);
  };
  const truthsOf = (expr: Expr): Truths => {
    const made = known.get(expr) ?? (isAtom(expr) ? ofAtom(expr) : workedOut(expr));
    known.set(expr, made);
    return made;
  };
  /** Rules ask the same again and again. */
  const ofAtom = (atom: Atom): Truths => {
    const key = JSON.stringify(atom);
    const made = atoms.get(key) ?? workedOut(atom);
    atoms.set(key, made);
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
        return ofText(expr);
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
    ...createCompared(diagrams),
    regionOf(stage, rule) {
      const region = regions.get(rule) ?? heldBy(stage, rule);
      regions.set(rule, region);
      return region;
    },
    ofOnePod: parties.ofOnePod,
    escapes: (region, others, within = []) => isPlain(region, ...within, ...others.map(diagrams.not)),
    escapesAsOnePod: (region, others, within = []) => isPlainOfOnePod(region, ...within, ...others.map(diagrams.not)),
    isEmpty: (region) => region === NONE || (!isPlain(region) && feasible(parties.possible(region)) === NONE),
  };
}

const isAtom = (expr: Expr): expr is Atom => expr.op !== 'all' && expr.op !== 'any' && expr.op !== 'not';

type TextAtom = Extract<Atom, { op: 'text' }>;

/** Headers that have a variable of their own. */
const isPartOfHttp = (name: string): boolean => name === ':method' || name === ':path' || isHostHeader(name);
