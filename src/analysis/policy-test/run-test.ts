/**
 * Runs one policy test: the request decided as a Check would be, held against what is expected.
 * @module
 */
import { nameOf } from '../../authz/answer/respond.ts';
import type { Decision } from '../../policy/decision.ts';
import type { Position } from '../../policy/documents/position.ts';
import { derive, type ExplainDeps, type Explanation, explain } from '../explain.ts';
import { encodeRequestForm } from '../request-form.ts';
import type { TestCase } from './test-form.ts';

/** The outcome of one test. */
export interface TestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly differences: readonly Difference[];
  /** Of a test that failed. */
  readonly explanation: Explanation | undefined;
  /** Places of the rules that decided, in any plane; and of those that held. */
  readonly decided: readonly Position[];
  readonly held: readonly Position[];
}

/** One expectation that was not met. */
export interface Difference {
  /** E.g. `decision`, `planes.l4.policy`. */
  readonly of: string;
  readonly want: string;
  readonly got: string;
}

/**
 * Asks, and compares.
 *
 * @param why  explains what has failed
 * @throws GatehouseError as `derive` does, `message_invalid`
 */
export function runTest(
  { name, request, expect }: TestCase,
  deps: ExplainDeps,
  why: typeof explain | (() => undefined) = explain,
): TestResult {
  const bytes = encodeRequestForm(request);
  const { refused, evaluation } = derive(bytes, deps);
  const planes = evaluation?.trace.planes ?? [];
  const differences = [
    ...compare(
      '',
      expect,
      refused === undefined
        ? evaluation?.decision
        : { effect: 'deny', reason: refused, policy: undefined, rule: undefined },
    ),
    ...(expect.dryRun === undefined || expect.dryRun === evaluation?.decision.dryRun?.effect
      ? []
      : [
          {
            of: 'dryRun',
            want: expect.dryRun,
            got: evaluation?.decision.dryRun?.effect ?? 'no dry-run policy applies',
          },
        ]),
    ...Object.entries(expect.planes ?? {}).flatMap(([plane, want]) =>
      compare(`planes.${plane}.`, want, planes.find((each) => each.plane === plane)?.decision),
    ),
  ];
  const passed = differences.length === 0;
  const rules = planes.flatMap(({ stages }) =>
    stages.flatMap((stage) =>
      stage.policies.flatMap((policy) => policy.rules.map((rule) => ({ stage, policy, rule }))),
    ),
  );
  const holding = rules.filter(({ rule }) => rule.holds);
  return {
    name,
    passed,
    differences,
    explanation: passed ? undefined : why(bytes, deps),
    decided: holding
      .filter(
        ({ stage, policy, rule }) => stage.decision?.policy === policy.policy && stage.decision.rule === rule.index,
      )
      .map(({ rule }) => rule.position),
    held: holding.map(({ rule }) => rule.position),
  };
}

interface Expected {
  readonly decision?: string | undefined;
  readonly reason?: string | undefined;
  readonly policy?: string | null | undefined;
  readonly rule?: number | null | undefined;
}

function compare(
  prefix: string,
  want: Expected,
  got: Pick<Decision, 'effect' | 'reason' | 'policy' | 'rule'> | undefined,
): Difference[] {
  if (got === undefined) return [{ of: prefix.slice(0, -1), want: 'a verdict', got: 'there is no such plane' }];
  const found = {
    decision: got.effect,
    reason: got.reason,
    policy: nameOf(got.policy) ?? null,
    rule: got.rule ?? null,
  };
  return (['decision', 'reason', 'policy', 'rule'] as const)
    .filter((field) => want[field] !== undefined && want[field] !== found[field])
    .map((field) => ({ of: `${prefix}${field}`, want: String(want[field]), got: String(found[field]) }));
}
