/**
 * Rules, decisions, classes and witnesses as they are printed.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import type { PolicyRef } from '../../policy/model.ts';
import type { UniverseClass } from '../universe/universe.ts';
import type { Allowance } from './plane-regions.ts';
import type { Witness } from './witness.ts';

/** A rule as it is named. */
export function shownAllowance({ plane, policy, rule }: Allowance & { readonly plane: string }) {
  return {
    plane,
    kind: policy.ref.kind,
    policy: nameOf(policy.ref),
    rule: rule.index,
    file: rule.position.file,
    line: rule.position.line,
    owner: policy.owner === '' ? null : policy.owner,
  };
}

const nameOf = ({ namespace, name }: PolicyRef): string => (namespace === '' ? name : `${namespace}/${name}`);

/** A class as it is printed. */
export function shownClass({ id, members, outside, labels, namespace, serviceAccounts, future }: UniverseClass) {
  if (outside !== undefined) return { id, outside: outside.cidrs };
  if (future !== undefined) return { id, future };
  return { id, members, labels, namespace, serviceAccounts };
}

/** A decision as it is named; there is none where a side has not both ends. */
export function shownDecision(made: Decision | undefined) {
  if (made === undefined)
    return { decision: 'deny', policy: null, rule: null, plane: null, reason: 'destination_unknown' };
  const { effect, policy, rule = null, plane = null, reason } = made;
  return { decision: effect, policy: policy === undefined ? null : nameOf(policy), rule, plane, reason };
}

/** A witness with the names of its ends. */
export function shownWitness(
  { protocol, port, http, mtls, claims, request }: Witness,
  from: UniverseClass,
  to: UniverseClass,
) {
  return {
    from: from.outside?.address ?? from.members[0],
    to: to === from ? to.members[1] : to.members[0],
    ...{ protocol, port },
    ...(http && { http }),
    ...(mtls === false && { mtls }),
    ...(claims && { claims }),
    request,
  };
}
