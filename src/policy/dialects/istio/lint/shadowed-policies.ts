/**
 * Istio policies that change nothing, since another one decides every request to what they select.
 * @module
 */

import type { Finding } from '../../../documents/finding.ts';
import { otherRule, withOthers } from '../../../documents/other-rule.ts';
import { placeText } from '../../../documents/position.ts';
import type { Policy, Rule, Subject } from '../../../model.ts';
import { alwaysHolds } from '../read/expr.ts';

interface Staged {
  readonly policy: Policy;
  readonly stage: string;
}

/** One finding a policy that leaves others nothing to decide. */
export function shadowedPolicies(all: readonly Staged[]): readonly Finding[] {
  if (!all.some(({ policy }) => decidesAlways(policy))) return [];
  const enforced = all.filter(({ policy }) => policy.mode === 'enforce' && policy.rules.length > 0);
  const byNamespace = Map.groupBy(enforced, ({ policy }) => policy.subject.namespace);
  const told = new Set<Policy>();
  return enforced.flatMap((one) => {
    const final = one.policy.rules.find(holdsAlways);
    if (final === undefined || (one.stage !== 'any-allow' && one.stage !== 'any-deny')) return [];
    const { namespace } = one.policy.subject;
    const near = namespace === undefined ? enforced : (byNamespace.get(namespace) ?? []);
    const victims = near
      .filter((other) => !told.has(other.policy) && isShadowed(other, one))
      .map(({ policy }) => policy);
    for (const policy of victims) told.add(policy);
    return victims.length === 0 ? [] : [finding(one, final, victims)];
  });
}

const holdsAlways = ({ http, tcp }: Rule): boolean => alwaysHolds(http) && tcp !== undefined && alwaysHolds(tcp);

const deciding = new WeakMap<Policy, boolean>();

/** Whether a rule of the policy holds always; policies are joined again and again, and looked at once. */
function decidesAlways(policy: Policy): boolean {
  let decides = deciding.get(policy);
  if (decides === undefined) {
    decides = policy.rules.some(holdsAlways);
    deciding.set(policy, decides);
  }
  return decides;
}

/** A DENY of everything ends all, an ALLOW of everything what other ALLOWs would add. */
function isShadowed({ policy, stage }: Staged, by: Staged): boolean {
  if (policy === by.policy || decidesAlways(policy)) return false;
  const isAsked = stage === 'any-allow' || (stage === 'any-deny' && by.stage === 'any-deny');
  return isAsked && covers(by.policy.subject, policy.subject);
}

function covers(subject: Subject, other: Subject): boolean {
  const labels = new Map(other.labels);
  return (
    (subject.namespace === undefined || subject.namespace === other.namespace) &&
    subject.labels.every(([key, value]) => labels.get(key) === value)
  );
}

function finding({ policy, stage }: Staged, rule: Rule, victims: readonly Policy[]): Finding {
  const shown = victims.slice(0, 3).map(({ ref, position }) => `${ref.namespace}/${ref.name} (${placeText(position)})`);
  const names = shown.join(', ') + (victims.length > 3 ? ` and ${victims.length - 3} more` : '');
  const what = stage === 'any-deny' ? 'denies' : 'allows';
  return {
    ...rule.position,
    severity: 'warning',
    code: 'policies-shadowed',
    path: `spec.rules[${rule.index}]`,
    message: `rule ${rule.index} of ${policy.ref.namespace}/${policy.ref.name} ${what} every request to all that the policy selects: ${names} decide nothing`,
    fix:
      stage === 'any-deny'
        ? 'no ALLOW is an exception to a DENY: to deny by default, write an ALLOW policy without rules'
        : 'remove the rule that holds always, or the policies that add nothing to it',
    ...withOthers(victims.map(({ ref, position }) => otherRule(ref, position))),
  };
}
