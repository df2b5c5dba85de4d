/**
 * Flips for people.
 * @module
 */

import { nameOf } from '../authz/answer/respond.ts';
import { redactHeader } from '../authz/record/redact.ts';
import { fromByteString } from '../lib/byte-string.ts';
import type { Decision } from '../policy/decision.ts';
import type { Facts } from '../policy/facts.ts';
import { type Change, valuesBefore } from './changed-facts.ts';
import { nameOfAtom } from './explain-clause.ts';
import type { Flip } from './explain-flip.ts';
import type { Showing } from './explain-stage.ts';

export interface ShownFlip {
  readonly request?: {
    readonly changes: readonly {
      readonly fact: string;
      readonly from: readonly string[];
      readonly to: readonly string[];
    }[];
    readonly text: string;
    readonly decision: Decision['effect'];
  };
  readonly policy?: {
    readonly policy: string;
    readonly kind: string;
    readonly owner: string | null;
    /** Null where no single rule changes. */
    readonly rule: number | null;
    readonly file: string;
    readonly line: number;
    readonly text: string;
    /** A unified diff of the file. */
    readonly diff: string;
    readonly decision: Decision['effect'];
  };
}

/** Shows what would turn a verdict round; tokens are redacted. */
export function showFlip({ request, policy }: Flip, facts: Facts, showing: Showing): ShownFlip {
  return {
    ...(request && { request: showRequest(request, facts, showing) }),
    ...(policy && { policy: showPolicy(policy, showing) }),
  };
}

const verdict = ({ effect }: Decision): string => (effect === 'allow' ? 'allowed' : 'denied');

function showRequest({ changes, becomes }: NonNullable<Flip['request']>, facts: Facts, { carriers }: Showing) {
  const shown = changes.map((change) => {
    const { fact, values } = change;
    if (fact.of === 'tokens') return { fact: 'token', from: ['[redacted]'], to: [] };
    const hide = (value: string): string => (fact.of === 'header' ? redactHeader(fact.name, value, carriers) : value);
    const show = (some: readonly string[]) => some.map((value) => fromByteString(hide(value)));
    return { fact: nameOfFact(fact), from: show(valuesBefore(change, facts)), to: show(values) };
  });
  const words = shown.map(({ fact, to }) => said(fact, to));
  const claims = words.filter((_, i) => changes[i]?.fact.of === 'claim');
  const rest = words.filter((_, i) => changes[i]?.fact.of !== 'claim');
  const token = claims.length === 0 ? [] : [`it brought a token in which ${claims.join(' and ')}`];
  const text = [...rest, ...token].join(' and ');
  return { changes: shown, text: `would be ${verdict(becomes)} if ${text}`, decision: becomes.effect };
}

const said = (fact: string, to: readonly string[]): string =>
  to.length === 0 ? `there were no ${fact}` : `${fact} were ${to.map((value) => JSON.stringify(value)).join(' and ')}`;

function nameOfFact(fact: Change['fact']): string {
  switch (fact.of) {
    case 'sourceAddress':
      return 'source address';
    case 'port':
      return 'destination port';
    case 'tokens':
      return 'token';
    default:
      return nameOfAtom({ op: 'text', fact, any: [] });
  }
}

function showPolicy(patch: NonNullable<Flip['policy']>, { ownerOf }: Showing) {
  const { policy: ref, position, rule, summary, diff, becomes, owner } = patch;
  const { file, line } = position;
  return {
    policy: nameOf(ref) ?? '',
    kind: ref.kind,
    owner: ownerOf({ ref, position, owner }) ?? null,
    rule: rule ?? null,
    file,
    line,
    text: `would be ${verdict(becomes)} if ${summary}`,
    diff,
    decision: becomes.effect,
  };
}
