/**
 * The path to a decision for people: stages, the policies that apply, their rules.
 * @module
 */
import { nameOf } from '../authz/answer/respond.ts';
import type { Decision } from '../policy/decision.ts';
import type { PlaneTrace, PolicyTrace, RuleTrace, StageTrace } from '../policy/evaluate/trace.ts';
import type { OwnerOf } from '../policy/owners.ts';
import type { TokenCarriers } from '../policy/token-carriers.ts';
import { type ShownClause, showClause } from './explain-clause.ts';

export interface ShownStage {
  readonly plane: string;
  readonly mode: 'enforce' | 'observe';
  readonly stage: string;
  /** Planes of tiers only: whose policies were asked, the destination's (`ingress`) or the source's (`egress`). */
  readonly direction?: 'ingress' | 'egress';
  /** The pod whose egress was asked. */
  readonly endpoint?: string;
  readonly decision: Decision['effect'] | 'continue';
  readonly said: string;
  /** Those that apply, and those that may apply or not. */
  readonly policies: readonly ShownPolicy[];
}

export interface ShownPolicy {
  readonly policy: string;
  readonly kind: string;
  readonly owner: string | null;
  readonly file: string;
  readonly line: number;
  readonly mode: 'enforce' | 'dry-run';
  readonly applies: 'yes' | 'unknown';
  readonly rules: readonly ShownRule[];
}

export interface ShownRule {
  readonly rule: number;
  readonly effect: RuleTrace['effect'];
  readonly line: number;
  readonly holds: boolean;
  /** Why it holds, or what keeps it from holding. */
  readonly clauses: readonly ShownClause[];
}

/** What showing needs to know. */
export interface Showing {
  readonly carriers: TokenCarriers;
  readonly ownerOf: OwnerOf;
}

/** As many rules a policy as a person reads. */
const MOST_RULES = 50;

/** Shows the stages of a plane, in the order in which they were asked. */
export function showPlane({ plane, mode, stages }: PlaneTrace, showing: Showing): ShownStage[] {
  return stages.map((stage) => ({
    plane,
    mode,
    stage: stage.name,
    ...(stage.direction && { direction: stage.direction }),
    ...(stage.endpoint && { endpoint: stage.endpoint }),
    decision: stage.decision?.effect ?? 'continue',
    said: stage.said,
    policies: stage.policies.flatMap((policy) => showPolicy(policy, stage, showing)),
  }));
}

function showPolicy(policy: PolicyTrace, stage: StageTrace, showing: Showing): ShownPolicy[] {
  const { policy: ref, position, mode, applies, rules } = policy;
  if (applies === 'no') return [];
  const { file, line } = position;
  const deciding = stage.decision?.policy === ref ? stage.decision.rule : undefined;
  const distance = (rule: RuleTrace): number => (rule.index === deciding ? -1 : rule.holds ? 0 : rule.failed.length);
  const nearest = rules.toSorted((a, b) => distance(a) - distance(b)).slice(0, MOST_RULES);
  return [
    {
      policy: nameOf(ref) ?? '',
      kind: ref.kind,
      owner: showing.ownerOf({ ref, position, owner: policy.owner }) ?? null,
      file,
      line,
      mode,
      applies,
      rules: nearest.map((rule) => showRule(rule, showing.carriers)),
    },
  ];
}

function showRule({ index, effect, position, holds, failed, met }: RuleTrace, carriers: TokenCarriers): ShownRule {
  const clauses = (holds ? met : failed).map((clause) => showClause(clause, holds, carriers));
  return { rule: index, effect, line: position.line, holds, clauses };
}
