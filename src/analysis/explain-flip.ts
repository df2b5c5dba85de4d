/**
 * The smallest change that would turn a verdict round: of the request, and of the policy. Every change that is named was tried.
 * @module
 */
import type { Decision } from '../policy/decision.ts';
import { evaluate } from '../policy/evaluate/evaluate.ts';
import type { ClauseTrace, PlaneTrace, RuleTrace } from '../policy/evaluate/trace.ts';
import type { Atom } from '../policy/model.ts';
import { type Change, changeFacts } from './changed-facts.ts';
import { type PatchSubject, type PolicyPatch, proposePatch } from './patch/propose-patch.ts';
import { addressFor, valuesFor } from './witness.ts';

/** The smallest changes found that turn the decision round. */
export interface Flip {
  /** Undefined if no small change of the request does it. */
  readonly request: RequestFlip | undefined;
  readonly policy: PolicyPatch | undefined;
}

/** A change of the request, and the decision that it leads to. */
export interface RequestFlip {
  readonly changes: readonly Change[];
  readonly becomes: Decision;
}

/** Trying is cheap, but not free: a set of 10,000 rules has many near misses. */
const MOST_TRIED = 64;

/** Finds both changes. */
export function findFlip(subject: PatchSubject): Flip {
  return { request: flipByRequest(subject), policy: proposePatch(subject) };
}

function flipByRequest(subject: PatchSubject): RequestFlip | undefined {
  const { decision } = subject;
  const issuers = subject.planes.flatMap(({ stages }) => stages.flatMap((stage) => stage.issuers ?? []));
  const seen = rulesSeen(subject.planes);
  const candidates = [
    ...(decision.reason === 'token_invalid' || decision.reason === 'audience_denied' ? [[withoutToken]] : []),
    ...[...seen.flatMap(changesFor), ...(seen.some(asksForToken) ? [anyToken] : [])].flatMap((changes) =>
      fromIssuers(changes, issuers),
    ),
    ...(decision.reason === 'mtls_required' ? [[withName]] : []),
  ];
  candidates.sort((a, b) => a.length - b.length);
  for (const changes of candidates.slice(0, MOST_TRIED)) {
    const becomes = evaluate(subject.model, changeFacts(subject.facts, changes), subject.options).decision;
    if (becomes.effect !== decision.effect) return { changes, becomes };
  }
  return undefined;
}

/** A token that nothing is known of. */
const anyToken: readonly Change[] = [
  { fact: { of: 'claim', path: ['iss'] }, values: ['x'] },
  { fact: { of: 'claim', path: ['sub'] }, values: ['x'] },
];

const asksForToken = ({ failed, met }: RuleTrace): boolean =>
  [...failed, ...met].some(({ atom }) => atom.op === 'text' && atom.fact.of === 'claim');

/** The changes as tokens can bring them: with an issuer that a RequestAuthentication accepts; none where none accepts any. */
function fromIssuers(changes: readonly Change[], issuers: readonly string[]): readonly (readonly Change[])[] {
  const isIssuer = ({ fact }: Change): boolean =>
    fact.of === 'claim' && fact.path.length === 1 && fact.path[0] === 'iss';
  if (!changes.some(({ fact, values }) => fact.of === 'claim' && values.length > 0)) return [changes];
  if (issuers.length === 0) return [];
  const named = changes.find(isIssuer);
  if (named === undefined) return [changes];
  const isTaken = issuers.includes('') || named.values.every((value) => issuers.includes(value));
  if (isTaken) return [changes];
  return issuers
    .slice(0, MOST_ISSUERS)
    .map((issuer) => changes.map((change) => (isIssuer(change) ? { ...change, values: [issuer] } : change)));
}

const MOST_ISSUERS = 4;

const withoutToken: Change = { fact: { of: 'tokens' }, values: [] };
const withName: Change = { fact: { of: 'peerName' }, values: ['spiffe://cluster.local/ns/default/sa/other'] };

/** Every rule that was looked at, those with the fewest clauses to change first. */
function rulesSeen(planes: readonly PlaneTrace[]): RuleTrace[] {
  const seen = planes
    .filter(({ mode }) => mode === 'enforce')
    .flatMap(({ stages }) => stages)
    .filter(({ kind }) => kind !== 'audit')
    .flatMap(({ policies }) => policies)
    .filter(({ mode, applies }) => mode === 'enforce' && applies === 'yes')
    .flatMap(({ rules }) => rules);
  return seen.toSorted((a, b) => effort(a) - effort(b));
}

const effort = (rule: RuleTrace): number => (rule.holds ? 1 : rule.failed.length);

/** What makes a rule that fails hold (all of its failed clauses), or one that holds fail (any clause it met). */
function changesFor(rule: RuleTrace): Change[][] {
  if (rule.holds) return rule.met.flatMap((clause) => changeOf(clause, false)).map((change) => [change]);
  const changes = rule.failed.flatMap((clause) => changeOf(clause, true));
  return changes.length === rule.failed.length && changes.length > 0 ? [changes] : [];
}

/** The change that makes a clause hold or fail; none where we cannot think of one. */
function changeOf({ atom, negated }: ClauseTrace, hold: boolean): Change[] {
  const values = valuesOfChange(atom, hold !== negated);
  const fact = factOf(atom);
  return values === undefined || fact === undefined ? [] : [{ fact, values }];
}

function factOf(atom: Atom): Change['fact'] | undefined {
  if (atom.op === 'text') return atom.fact.of === 'normalPath' ? { of: 'path' } : atom.fact;
  if (atom.op === 'address' && atom.fact === 'source') return { of: 'sourceAddress' };
  return atom.op === 'port' && atom.fact === 'destinationPort' ? { of: 'port' } : undefined;
}

function valuesOfChange(atom: Atom, wanted: boolean): readonly string[] | undefined {
  if (atom.op === 'text') return valuesFor(atom, wanted);
  if (atom.op === 'address') return addressFor(atom.any, wanted);
  if (atom.op !== 'port') return undefined;
  const port = wanted
    ? atom.any[0]?.from
    : [80, 443, 8080, 1].find((each) => !atom.any.some(({ from, to }) => each >= from && each <= to));
  return port === undefined ? undefined : [String(port)];
}
