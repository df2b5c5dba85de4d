/**
 * `/v1/rules`.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Answer, ReadQuestion } from '../../../admin-api/routes.ts';
import type { RuleRow } from '../../../admin-api/seen/rules.ts';
import type { RuleHit } from '../../../authz/record/rule-hits.ts';
import { ruleKey } from '../../../policy/rules/rule-text.ts';
import type { DeciderCounts } from '../../log/decider-counts.ts';
import type { RuleInForce } from '../../log/rule-table.ts';
import type { Sight } from '../access/sight.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler, ScopedHandler } from '../admin-handler.ts';
import { maybeTime } from '../time-text.ts';

const FLUSH_TIMEOUT_MS = 500;
/** Rules that are named without a pause. */
const RULES_AT_ONCE = 512;
const NOT_ASKED = 'it was not asked for (standing=true)';

/** How often each rule has decided. */
export const rules: AdminHandler<'GET /v1/rules'> = ({ asked }, deps) => answerOf(asked, deps, () => true);

/** The same, of policies in some namespaces; of deciders elsewhere how they stand, not why. */
export const rulesIn: ScopedHandler<'GET /v1/rules'> = async ({ asked, sight }, deps) => {
  const answer = await answerOf(asked, deps, ({ namespace }) => sight.has(namespace));
  return {
    ...answer,
    rules: answer.rules.map(({ by, ...rule }) => ({ ...rule, ...(by && { by: by.filter(isIn(sight)) }) })),
    deciders: answer.deciders.map((each) => ({ ...each, why: '' })),
  };
};

/** Whether a rule that decides in the place of one of his is his too. */
const isIn =
  ({ has }: Sight) =>
  ({ policy }: NonNullable<RuleRow['by']>[number]): boolean =>
    policy.includes('/') && has(policy.slice(0, policy.indexOf('/')));

type Named = Pick<RuleHit, 'namespace' | 'name'>;

async function answerOf(
  asked: ReadQuestion<'GET /v1/rules'>,
  deps: AdminDeps,
  isSeen: (rule: Named) => boolean,
): Promise<Answer<'GET /v1/rules'>> {
  await deps.deciders?.report(FLUSH_TIMEOUT_MS);
  const { model, generation } = deps.policies.current.value;
  const counts = deps.counts();
  const sums = sumsOf(counts);
  const isAsked = (rule: Named): boolean =>
    isSeen(rule) && (asked.policy === undefined || asked.policy === nameOf(rule));
  const inForce: RuleInForce[] = [];
  let looked = 0;
  for (const rule of deps.rules.inForce(model)) {
    if (++looked % RULES_AT_ONCE === 0) await nextTurn();
    if (isAsked(rule)) inForce.push(rule);
  }
  const standings = asked.standing === true ? await deps.standings(model, new Set(sums.keys())) : NOT_ASKED;
  const standingOf = (key: string): Pick<RuleRow, 'standing' | 'by'> => {
    const told = typeof standings === 'string' ? undefined : standings.get(key);
    return { standing: told?.standing ?? 'unknown', ...(told && told.by.length > 0 && { by: told.by }) };
  };
  const rows = inForce.map((rule) => rowOf(rule, sums.get(rule.key), standingOf));
  const wanted = asked.never === true ? rows.filter(({ count, counts: kind }) => count === 0 && kind !== 'none') : rows;
  const here = new Set(inForce.map(({ key }) => key));
  return {
    generation,
    rules: wanted.slice(0, asked.limit),
    ruleCount: wanted.length,
    elsewhere: asked.never === true ? [] : elsewhereOf(counts, isAsked, here).slice(0, asked.limit),
    deciders: counts.map(({ decider, state, why, sinceAt, lastAt, rulesOverflow }) => ({
      ...{ decider, state, why, overflow: rulesOverflow },
      since: maybeTime(sinceAt),
      lastAt: maybeTime(lastAt),
    })),
    standingUnknown: typeof standings === 'string' ? standings : '',
  };
}

const nameOf = ({ namespace, name }: Named): string => (namespace === '' ? name : `${namespace}/${name}`);

interface Sum {
  count: number;
  lastAt: number;
}

function sumsOf(counts: readonly DeciderCounts[]): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { rules: some } of counts)
    for (const hit of some) {
      const key = ruleKey(hit);
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { count: hit.count, lastAt: hit.lastAt });
      else {
        sum.count += hit.count;
        sum.lastAt = Math.max(sum.lastAt, hit.lastAt);
      }
    }
  return sums;
}

function rowOf(
  rule: RuleInForce,
  sum: Sum | undefined,
  standingOf: (key: string) => Pick<RuleRow, 'standing' | 'by'>,
): RuleRow {
  const { plane, direction, dialect, kind, namespace, name, text, index, effect, position, sinceAt } = rule;
  return {
    ...{ plane, direction, dialect, kind, namespace, name, text, rule: index, effect },
    counts: countedAs(rule),
    ...position,
    count: sum?.count ?? 0,
    lastAt: maybeTime(sum?.lastAt),
    since: new Date(sinceAt).toISOString(),
    ...(sum === undefined ? standingOf(rule.key) : { standing: 'hit' }),
  };
}

function countedAs({ decides, stage, mode }: RuleInForce): RuleRow['counts'] {
  if (!decides) return 'none';
  return stage === 'audit' ? 'audit' : mode;
}

function elsewhereOf(
  counts: readonly DeciderCounts[],
  isAsked: (rule: Named) => boolean,
  here: ReadonlySet<string>,
): Answer<'GET /v1/rules'>['elsewhere'] {
  return counts.flatMap(({ decider, rules: some }) =>
    decider === null
      ? []
      : some
          .filter((hit) => isAsked(hit) && !here.has(ruleKey(hit)))
          .map(({ index, lastAt, ...hit }) => ({
            ...{ decider, plane: hit.plane, direction: hit.direction, dialect: hit.dialect, kind: hit.kind },
            ...{ namespace: hit.namespace, name: hit.name, text: hit.text, rule: index, count: hit.count },
            lastAt: maybeTime(lastAt),
          })),
  );
}
