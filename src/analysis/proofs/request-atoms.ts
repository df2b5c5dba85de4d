/**
 * Conditions on the request alone → where they hold.
 * @module
 */
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { Absence, Atom, TextPattern } from '../../policy/model.ts';
import { BoundMet } from '../regions/bound.ts';
import type { LanguageDomain } from '../regions/languages.ts';
import { ipProtocolOf, isHostHeader, type RequestSpace, transport, type Variable } from '../regions/request-space.ts';
import { holdsIn, inside, never, type Truths, unknownAlways } from './truths.ts';

type TextAtom = Extract<Atom, { op: 'text' }>;

/** What of the workload decides how a request is seen there. */
export interface Seen {
  /** Tokens have been verified: what they claim counts. */
  readonly claims: boolean;
  /** Headers that bear a token there or are written by one, lower-case. */
  readonly rewritten: ReadonlySet<string>;
}

/** Where a condition on ports, protocols or texts other than the peer's names holds. */
export function requestAtom(
  atom: Extract<Atom, { op: 'text' | 'port' | 'protocol' }>,
  space: RequestSpace,
  absence: Absence,
  seen: Seen,
): Truths {
  const { diagrams } = space;
  if (atom.op === 'port') {
    const { id, domain } = atom.fact === 'destinationPort' ? space.port : space.sourcePort;
    return holdsIn(diagrams, diagrams.where(id, domain.of(atom.any.map(({ from, to }) => [from, to]))));
  }
  if (atom.op === 'protocol') {
    const mask = ipProtocolOf.reduce((all, [bit, number]) => (atom.any.includes(number) ? all | bit : all), 0);
    return holdsIn(diagrams, diagrams.where(space.transport, mask));
  }
  return textTruths(atom, space, absence, seen);
}

function textTruths(atom: TextAtom, space: RequestSpace, absence: Absence, seen: Seen): Truths {
  const { diagrams } = space;
  const absent = absence === 'strict' ? unknownAlways : never;
  const isHttp = diagrams.where(space.transport, transport.http);
  const onHttp = (truths: Truths, otherwise = absent): Truths => inside(diagrams, isHttp, truths, otherwise);
  const { fact } = atom;
  switch (fact.of) {
    case 'method':
      return onHttp(of(space.method, atom.any, space));
    case 'host':
      return onHttp(of(space.host, atom.any, space));
    case 'path':
      return onHttp(holdsIn(diagrams, diagrams.where(space.path.id, space.pathsWhere(atom.any))));
    case 'normalPath':
      return onHttp(normalPaths(atom.any, space));
    case 'sni': {
      const { id, domain } = space.sni;
      const named = diagrams.where(id, domain.minus(domain.full, domain.ofAutomaton({ accepts: [true], arcs: [[]] })));
      const isTcp = diagrams.where(space.transport, transport.http | transport.tcp);
      return inside(diagrams, diagrams.and(isTcp, named), of(space.sni, atom.any, space), absent);
    }
    case 'header':
      return headerTruths(fact.name, atom, { space, seen, onHttp });
    case 'claim':
      return seen.claims ? onHttp(list(atom, space, absence)) : absent;
    case 'metadata':
      return list(atom, space, absence);
    default:
      throw new BoundMet(`a condition on ${nameOfFact(fact)}`);
  }
}

function headerTruths(
  name: string,
  atom: TextAtom,
  { space, seen, onHttp }: { space: RequestSpace; seen: Seen; onHttp: (truths: Truths, otherwise?: Truths) => Truths },
): Truths {
  if (seen.rewritten.has(name))
    throw new BoundMet(`a condition on header ${name}, which bears a token or is written by one`);
  if (name === ':method') return onHttp(of(space.method, atom.any, space), never);
  if (isHostHeader(name)) return onHttp(of(space.host, atom.any, space), never);
  if (name === ':path')
    return onHttp(
      holdsIn(space.diagrams, space.diagrams.where(space.path.id, space.path.domain.ofPatterns(atom.any))),
      never,
    );
  return onHttp(list(atom, space, 'upstream'), never); // a header that is not there is known to be missing
}

function of({ id, domain }: Variable<LanguageDomain>, any: readonly TextPattern[], { diagrams }: RequestSpace): Truths {
  return holdsIn(diagrams, diagrams.where(id, domain.ofPatterns(any)));
}

/** Of plain paths: the normal form, which has no slash at its end, and the same with one. */
function normalPaths(any: readonly TextPattern[], { path, pathsWhere, diagrams }: RequestSpace): Truths {
  const both = any.flatMap((pattern): TextPattern[] =>
    pattern.is === 'exact' && pattern.value !== '/' ? [pattern, { ...pattern, value: `${pattern.value}/` }] : [pattern],
  );
  return holdsIn(diagrams, diagrams.where(path.id, pathsWhere(both)));
}

/** A fact of many values: whether one fits at least. */
function list({ fact, any }: TextAtom, space: RequestSpace, absence: Absence): Truths {
  const { diagrams } = space;
  const variable = space.listOf(fact);
  if (any.length === 0 || variable === undefined) return never;
  const { id, domain } = variable;
  const yes = diagrams.where(id, domain.having(any));
  if (absence === 'upstream') return holdsIn(diagrams, yes);
  return { yes, no: diagrams.where(id, domain.minus(domain.having([{ is: 'present' }]), domain.having(any))) };
}

/** Nothing is verified, nothing rewritten. */
export const plainlySeen: Seen = { claims: false, rewritten: new Set() };
