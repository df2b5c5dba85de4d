/**
 * Flips for people.
 * @module
 */

import { redactHeader } from '../authz/redact.ts';
import { nameOf } from '../authz/respond.ts';
import { fromByteString } from '../lib/byte-string.ts';
import { valuesOf } from '../policy/compile/fact-values.ts';
import type { Decision } from '../policy/decision.ts';
import type { Facts } from '../policy/facts.ts';
import type { TokenCarriers } from '../policy/token-carriers.ts';
import type { ClauseTrace } from '../policy/trace.ts';
import { nameOfAtom, showClause } from './explain-clause.ts';
import type { Flip } from './explain-flip.ts';

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
    readonly rule: number;
    readonly change: string;
    readonly text: string;
    readonly decision: Decision['effect'];
  };
}

/** Shows what would turn a verdict round; tokens are redacted. */
export function showFlip({ request, policy }: Flip, facts: Facts, carriers: TokenCarriers): ShownFlip {
  return {
    ...(request && { request: showRequest(request, facts, carriers) }),
    ...(policy && { policy: showPolicy(policy, carriers) }),
  };
}

function showRequest({ changes, becomes }: NonNullable<Flip['request']>, facts: Facts, carriers: TokenCarriers) {
  const shown = changes.map(({ fact, values }) => {
    const hide = (value: string): string => (fact.of === 'header' ? redactHeader(fact.name, value, carriers) : value);
    const show = (some: readonly string[]) => some.map((value) => fromByteString(hide(value)));
    return { fact: nameOfAtom({ op: 'text', fact, any: [] }), from: show(valuesOf(fact, facts)), to: show(values) };
  });
  const text = shown
    .map(({ fact, to }) =>
      to.length === 0
        ? `there were no ${fact}`
        : `${fact} were ${to.map((value) => JSON.stringify(value)).join(' and ')}`,
    )
    .join(' and ');
  return {
    changes: shown,
    text: `would be ${becomes.effect === 'allow' ? 'allowed' : 'denied'} if ${text}`,
    decision: becomes.effect,
  };
}

function showPolicy({ change, policy, rule, clause, becomes }: NonNullable<Flip['policy']>, carriers: TokenCarriers) {
  const name = nameOf(policy) ?? '';
  const verdict = becomes.effect === 'allow' ? 'allowed' : 'denied';
  const what =
    clause === undefined
      ? `without rule ${rule} of ${name}`
      : `if rule ${rule} of ${name} ${widening(clause, carriers)}`;
  return { policy: name, rule, change, text: `would be ${verdict} ${what}`, decision: becomes.effect };
}

function widening(clause: ClauseTrace, carriers: TokenCarriers): string {
  const { fact, values } = showClause(clause, false, carriers);
  const some =
    values.length === 0
      ? `requests without ${fact}`
      : `${fact} ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  return clause.negated ? `did not exclude ${some}` : `took ${some} too`;
}
