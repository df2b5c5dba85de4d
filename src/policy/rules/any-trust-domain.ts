/**
 * Whether a condition names a namespace or a service account without saying of which trust domain: as long as there is but one that is
 * clear, and with others let in a namespace of that name over there would be as good as ours.
 * @module
 */

import type { Expr, PolicyModel, Rule, TextPattern } from '../model.ts';

/** `/ns/NS/` or `/ns/NS/sa/NAME` in whatever trust domain. */
const isOpen = (pattern: TextPattern): boolean =>
  pattern.is === 'serviceAccount' || (pattern.is === 'glob' && pattern.parts[0] === '');

/** It says which trust domain, were it all of them. */
const saysWhich = (pattern: TextPattern): boolean =>
  pattern.is === 'glob'
    ? pattern.within === 'segment' && pattern.parts[0]?.startsWith('spiffe://') === true
    : (pattern.is === 'exact' || pattern.is === 'prefix') && pattern.value.startsWith('spiffe://');

/** Whether a condition holds only for names of a trust domain that it names. */
function namesDomain(expr: Expr): boolean {
  if (expr.op === 'all') return expr.of.some(namesDomain);
  if (expr.op === 'any') return expr.of.length > 0 && expr.of.every(namesDomain);
  return expr.op === 'text' && expr.fact.of === 'peerName' && expr.any.length > 0 && expr.any.every(saysWhich);
}

/** Whether a condition names a namespace or a service account of any trust domain. */
export function namesAnyDomain(expr: Expr): boolean {
  if (expr.op === 'all') return !namesDomain(expr) && expr.of.some(namesAnyDomain);
  if (expr.op === 'any') return expr.of.some(namesAnyDomain);
  if (expr.op === 'not') return namesAnyDomain(expr.of);
  if (expr.op === 'identity') return expr.end === 'source' && (expr.names ?? expr.serviceAccount) !== undefined;
  return expr.op === 'text' && expr.fact.of === 'peerName' && expr.any.some(isOpen);
}

/** The rules that decide, here or beside, by such a condition. */
export function rulesOfAnyDomain({ planes }: PolicyModel): readonly Rule['position'][] {
  const policies = planes
    .filter(({ id, mode }) => (id === 'istio' || id === 'calico') && mode !== 'off')
    .flatMap(({ stages }) => stages)
    .flatMap((stage) => (stage.kind === 'transport' || stage.kind === 'token' ? [] : stage.policies));
  return policies.flatMap(({ rules }) =>
    rules
      .filter(({ http, tcp }) => namesAnyDomain(http) || (tcp !== undefined && namesAnyDomain(tcp)))
      .map(({ position }) => position),
  );
}
