/**
 * What keeps counts of rules from being the whole.
 * @module
 */
import type { EnvoysAnswer } from '../../admin-api/envoys.ts';
import type { RequestsAnswer } from '../../admin-api/seen/requests.ts';
import type { RulesAnswer } from '../../admin-api/seen/rules.ts';
import { lostText, nameOf, windowGaps } from './seen-edges.ts';

/**
 * Tells it in sentences.
 *
 * @param minWindowMs  how long all deciders must have counted
 */
export function* countGaps(
  rules: RulesAnswer,
  requests: Pick<RequestsAnswer, 'deciders'>,
  nowMs: number,
  minWindowMs: number,
): Iterable<string> {
  yield* windowGaps(rules, nowMs, minWindowMs);
  for (const { decider, overflow } of rules.deciders)
    if (overflow > 0)
      yield `${overflow} decisions of ${nameOf(decider)} have no row: there were too many different rules`;
  for (const { decider, lost } of requests.deciders) if (lost > 0) yield lostText(nameOf(decider), lost);
  for (const { decider, kind, namespace, name, rule, lastAt } of rules.elsewhere)
    if (lastAt !== null && nowMs - Date.parse(lastAt) < minWindowMs)
      yield `the decider ${decider} decides by rule ${rule} of ${kind} ${namespace === '' ? name : `${namespace}/${name}`}, which is not in force here`;
}

/** Filters that decide what nobody is asked about. */
const DECIDING = ['gatehouse.policy', 'gatehouse.network'];

/** Envoys that decide themselves and do not tell: what they decide is in no count. @param answer  undefined: nobody may say */
export function* nativeGaps(answer: EnvoysAnswer | undefined): Iterable<string> {
  if (answer === undefined)
    yield 'which Envoys decide themselves, and tell nothing, is told only to who may read everything';
  for (const { spiffeId, node, reported, configs } of answer?.envoys ?? []) {
    const decides = configs.some(
      ({ resource, state, version }) => DECIDING.includes(resource) && state !== 'asks' && version !== '',
    );
    if (decides && reported === 0)
      yield `the Envoy ${node === '' ? spiffeId : `${spiffeId} (${node})`} decides itself and tells nothing: gatehouse envoy bootstrap --native writes an access log that does`;
  }
}
