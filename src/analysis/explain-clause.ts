/**
 * Clauses of a derivation for people: which fact, what it was, what it had to be.
 * @module
 */
import { redactHeader, redactPath } from '../authz/record/redact.ts';
import { assertNever } from '../lib/assert-never.ts';
import { fromByteString } from '../lib/byte-string.ts';
import type { ClauseTrace } from '../policy/evaluate/trace.ts';
import type { Atom, TextFact, TextPattern } from '../policy/model.ts';
import type { TokenCarriers } from '../policy/token-carriers.ts';
import { registryClause, registryPattern } from './registry-clause.ts';

/** One clause, shown. */
export interface ShownClause {
  /** E.g. `method`, `principal`, `header x-team`. */
  readonly fact: string;
  /** The request's own values; empty if it has none. */
  readonly values: readonly string[];
  /** `is` or `is not` one of the patterns. */
  readonly relation: 'is' | 'is not';
  readonly patterns: readonly string[];
  /** One sentence. */
  readonly text: string;
}

/** Shows a clause as the request met or missed it; tokens are redacted. */
export function showClause(clause: ClauseTrace, met: boolean, carriers: TokenCarriers): ShownClause {
  const { atom, negated, values, found = [] } = clause;
  const fact = nameOfAtom(atom);
  if (atom.op === 'endpoint' || atom.op === 'identity' || atom.op === 'namedPort')
    return {
      ...{ fact, values: found, relation: negated ? 'is not' : 'is', patterns: [registryPattern(atom)] },
      text: registryClause(atom, negated, found, met),
    };
  const shown = values.map((value) => fromByteString(redactValue(atom, value, carriers)));
  const patterns = patternsOf(atom).map(fromByteString);
  const relation = negated ? 'is not' : 'is';
  const has = shown.length === 0 ? `there is no ${fact}` : `${fact} is ${shown.map(quoted).join(' and ')}`;
  const show = atom.op === 'text' && atom.fact.of === 'peerName' ? ofNamespace : quoted;
  const wanted = `${negated ? 'not ' : ''}${patterns.length > 1 ? 'one of ' : ''}${patterns.map(show).join(', ')}`;
  const text = met ? `${has}, as the rule wants (${wanted})` : `${has}, must be ${wanted}${dotsNote(atom, values)}`;
  return { fact, values: shown, relation, patterns, text };
}

const quoted = (text: string): string => JSON.stringify(text);

/** What Istio makes of a namespace, a piece of the caller's name, is said as a namespace. */
function ofNamespace(pattern: string): string {
  const [, namespace] = /^\*\/ns\/([^/*]+)\/\*$/.exec(pattern) ?? [];
  return namespace === undefined ? quoted(pattern) : `of namespace ${quoted(namespace)}`;
}

/** A claim with dots in its name looks like a path into the token, and is none. */
function dotsNote(atom: Atom, values: readonly string[]): string {
  if (atom.op !== 'text' || atom.fact.of !== 'claim' || values.length > 0) return '';
  const dotted = atom.fact.path.find((step) => /^[\w-]+(\.[\w-]+)+$/.test(step));
  if (dotted === undefined) return '';
  const nested = dotted
    .split('.')
    .map((step) => `[${step}]`)
    .join('');
  return ` (the dots are part of the claim's name; a claim within a claim is request.auth.claims${nested})`;
}

/** A value of the fact that an atom asks about, without the tokens in it. */
export function redactValue(atom: Atom, value: string, carriers: TokenCarriers): string {
  if (atom.op !== 'text') return value;
  return atom.fact.of === 'header' ? redactHeader(atom.fact.name, value, carriers) : redactPath(value, carriers);
}

/** Names the fact that an atom asks about, in the terms of the policy languages. */
export function nameOfAtom(atom: Atom): string {
  switch (atom.op) {
    case 'text':
      return nameOfText(atom.fact);
    case 'address':
      return `${atom.fact} address`;
    case 'port':
      return atom.fact === 'destinationPort' ? 'destination port' : 'source port';
    case 'protocol':
      return 'IP protocol';
    case 'endpoint':
      return `${atom.end} endpoint`;
    case 'identity':
      return `${atom.end} identity`;
    case 'namedPort':
      return `named ${atom.end} port`;
    default:
      return assertNever(atom);
  }
}

function nameOfText(fact: TextFact): string {
  switch (fact.of) {
    case 'peerName':
      return 'principal';
    case 'header':
      return `header ${fact.name}`;
    case 'claim':
      return `claim ${fact.path.length === 1 ? fact.path[0] : steps(fact.path)}`;
    case 'metadata':
      return `metadata ${fact.filter} ${steps(fact.path)}`;
    case 'normalPath':
      return 'path';
    default:
      return fact.of;
  }
}

/** As a policy writes the way into a token: one step in brackets after the other. */
const steps = (path: readonly string[]): string => path.map((step) => `[${step}]`).join('');

/** What an atom wants of its fact, as policies write it. */
export function patternsOf(atom: Atom): readonly string[] {
  switch (atom.op) {
    case 'text':
      return atom.any.map(showPattern);
    case 'address':
      return atom.any.map(({ text }) => text);
    case 'port':
      return atom.any.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
    case 'protocol':
      return atom.any.map(String);
    default:
      return [registryPattern(atom)];
  }
}

/** A pattern as policies write it. */
function showPattern(pattern: TextPattern): string {
  switch (pattern.is) {
    case 'exact':
      return pattern.value;
    case 'prefix':
      return `${pattern.value}*`;
    case 'suffix':
      return `*${pattern.value}`;
    case 'present':
    case 'nonEmpty':
      return '*';
    case 'glob':
      return pattern.parts.join('*');
    case 'under':
      return `${pattern.value}/…`;
    case 'template':
      return pattern.text;
    case 'serviceAccount':
      return `${pattern.namespace}/${pattern.serviceAccount}`;
    default:
      return assertNever(pattern);
  }
}
