/**
 * Policies of one order that contradict each other: their names, or an implementation's choice, decide which one counts.
 * @module
 */
import { withOthers } from '../../../policy/documents/other-rule.ts';
import type { Expr } from '../../../policy/model.ts';
import type { LintFinding } from '../scene/lint-finding.ts';
import { formOf, type LintScene, nameOfRule, placeOf } from '../scene/lint-scene.ts';
import type { Party } from '../scene/party.ts';
import { otherOf } from '../scene/placed-rule.ts';
import { requestsFor } from '../scene/requests.ts';
import { type FoundTies, findTies, type Tie } from './find-ties.ts';
import type { Standing } from './standing-rules.ts';

/** One finding a policy, and the rules of which nothing can be said. */
export function orderTies(
  scene: LintScene,
  standing: Standing,
): { readonly findings: readonly LintFinding[] } & Omit<FoundTies, 'ties'> {
  const { planes, absence } = scene.deps.model;
  const { ties, ...rest } = findTies(planes, absence, undefined, standing);
  const findings = [...Map.groupBy(ties, ({ second }) => second.policy.ref).values()].flatMap((own) => {
    const shown = own
      .slice(0, MOST_SHOWN)
      .map((tie): Shown => ({ tie, ...shownBy(tie, scene) }))
      .filter(({ tie, witness }) => tie.isOpposite || witness !== null)
      .toSorted((a, b) => weight(b) - weight(a));
    const [one] = shown;
    return one === undefined ? [] : [findingOf(one, own, scene)];
  });
  return { findings, ...rest };
}

interface Shown {
  readonly tie: Tie;
  /** A pod of today is selected by both policies. */
  readonly isToday: boolean;
  /** A request that is decided otherwise if the names change places. */
  readonly witness: LintFinding['witness'];
}

const weight = ({ witness, isToday, tie }: Shown): number => (witness !== null ? 3 : isToday ? 2 : tie.isSure ? 1 : 0);

function findingOf({ tie, isToday, witness }: Shown, own: readonly Tie[], scene: LintScene): LintFinding {
  const { first, second } = tie;
  const [a, b] = [`${nameOfRule(first)} (${placeOf(first.rule.position)})`, nameOfRule(second)];
  const alike = own.filter((each) => each === tie || each.isOpposite);
  const others = new Set(alike.map((each) => each.first.policy.ref)).size - 1;
  const more = others > 0 ? '; it is not the only one' : '';
  const where =
    isToday || tie.isSure ? '' : ', for pods with the labels that both select, of which there is none today,';
  return {
    ...second.rule.position,
    severity: isToday || tie.isSure ? 'warning' : 'hint',
    code: 'order-tie',
    path: '',
    message: `${b} and ${a} meet the same requests and do not do the same${where} with ${sameOf(tie)} in tier ${second.stage.name}: ${deciderOf(tie)}${more}`,
    fix: `give the policy that is meant to win a lower ${wordOf(tie)}`,
    ...withOthers(alike.map((each) => otherOf(each.first))),
    witness,
    owners: scene.owners(second.policy, first.policy),
  };
}

const isOfKubernetes = ({ first, second }: Tie): boolean =>
  [first, second].every(({ policy: { ref } }) => ref.dialect === 'kubernetes');

const wordOf = (tie: Tie): string => (isOfKubernetes(tie) ? 'priority' : 'order');

function sameOf(tie: Tie): string {
  const { order } = tie.second.policy;
  return order === Infinity ? 'no order' : `${wordOf(tie)} ${order}`;
}

const deciderOf = (tie: Tie): string =>
  isOfKubernetes(tie)
    ? 'which comes first is left to the implementation (here the name decides)'
    : `the name decides which comes first, today ${tie.first.policy.ref.name}`;

/** Of so many of the policies that one contradicts a witness is looked for. */
const MOST_SHOWN = 8;
/** More requests are not tried for one witness. */
const MOST_TRIED = 200;
/** Of so many of the pods that both select. */
const SOME = 3;

function shownBy({ first, second }: Tie, scene: LintScene): Pick<Shown, 'isToday' | 'witness'> {
  const common = scene
    .selectedBy(second.policy.subject)
    .filter((party) => scene.selects(first.policy.subject, party))
    .slice(0, SOME);
  const both: Expr = { op: 'all', of: [first.rule.http, second.rule.http] };
  const asks = requestsFor(both).flatMap((asked) =>
    (asked.port === undefined ? scene.ports.slice(0, 2) : [asked.port]).map((port) => ({ ...asked, port })),
  );
  let tried = 0;
  for (const [from, to] of pairsOf(common, second.stage.direction === 'egress', both, scene))
    for (const asked of asks) {
      if (++tried > MOST_TRIED) return { isToday: true, witness: null };
      const form = formOf(from, to, asked);
      const is = scene.traceOf(form, from, to)?.decision.effect;
      const would = scene.traceSwapped(form, [first.policy, second.policy], from, to)?.decision.effect;
      if (is !== undefined && would !== undefined && is !== would)
        return { isToday: true, witness: scene.witness(scene.show(form)) };
    }
  return { isToday: common.length > 0, witness: null };
}

/** Who calls whom: a pod that both policies select is called, or calls (egress). */
function pairsOf(
  common: readonly Party[],
  isEgress: boolean,
  both: Expr,
  scene: LintScene,
): readonly (readonly [from: Party, to: Party])[] {
  return common.flatMap((one) =>
    isEgress
      ? scene.callers.filter((to) => to !== one).map((to) => [one, to] as const)
      : scene.besides(one, scene.callersOf(both, 'place')).map((from) => [from, one] as const),
  );
}
