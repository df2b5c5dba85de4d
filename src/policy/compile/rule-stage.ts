/**
 * Compiles a stage of rules: one pair of indexes (HTTP, TCP) for every set of policies with the same subject.
 *
 * A workload's program is the list of scopes that include it; nothing is built when a request comes.
 * @module
 */
import type { Work } from '../../lib/work.ts';
import type { Destination, Facts } from '../facts.ts';
import { unknownHolds } from '../meaning/absence.ts';
import type { ConditionContext } from '../meaning/registry-atom.ts';
import { applies, nameOfSubject, type SubjectContext } from '../meaning/subject.ts';
import type { Policy, PolicyRef, RuleStage, Subject } from '../model.ts';
import type { CoverCache } from './index/cover-cache.ts';
import { noOrdinal, ROWS_AT_ONCE, type Row, type RuleIndex, ruleIndexWork } from './index/rule-index.ts';
import { compileCondition } from './match/condition.ts';
import { type OrderedRule, orderWork } from './order.ts';

/** What compilation needs besides the stage. */
export type CompileContext = ConditionContext & SubjectContext & { readonly covers: CoverCache };

/** The policies of one subject, one mode. */
interface Scope {
  readonly subject: Subject;
  readonly policies: readonly Policy[];
  readonly http: RuleIndex;
  readonly tcp: RuleIndex;
}

/** A stage with its indexes built. */
export interface CompiledRuleStage {
  readonly stage: RuleStage;
  /** By ordinal. */
  readonly rules: readonly OrderedRule[];
  /** The part of the stage that concerns one workload. */
  select(destination: Destination): SelectedRules;
}

/** The rules of one mode that concern one workload. */
export interface SelectedScopes {
  readonly policies: readonly Policy[];
  /** The ordinal of the first rule that holds, else `noOrdinal`. */
  first(facts: Facts): number;
}

/** The part of a stage that concerns one workload. */
export interface SelectedRules {
  readonly compiled: CompiledRuleStage;
  readonly enforced: SelectedScopes;
  readonly dryRun: SelectedScopes;
  /** An enforced policy that may apply or not: the workload's labels are unknown. */
  readonly undecided: PolicyRef | undefined;
}

/** Compiles one stage. */
export function* ruleStageWork(stage: RuleStage, context: CompileContext): Work<CompiledRuleStage> {
  const rules = yield* orderWork(stage);
  yield;
  const rulesOf = Map.groupBy(rules, ({ policy }) => policy);
  yield;
  const scopesOf = function* (mode: Policy['mode']): Work<ScopeTable> {
    const policies = stage.policies.filter((policy) => policy.mode === mode && policy.providerAskedBy !== 'envoy');
    const scopes: Scope[] = [];
    for (const group of Map.groupBy(policies, ({ subject }) => nameOfSubject(subject)).values()) {
      yield;
      scopes.push(yield* scopeWork(stage, group, rulesOf, context));
    }
    return createScopeTable(scopes);
  };
  const enforced = yield* scopesOf('enforce');
  const dryRun = yield* scopesOf('dry-run');
  const compiled: CompiledRuleStage = {
    stage,
    rules,
    select(destination) {
      const some = pick(enforced, destination, context);
      return {
        compiled,
        enforced: selected(some.yes),
        dryRun: selected(pick(dryRun, destination, context).yes),
        undecided: some.unknown[0]?.policies[0]?.ref,
      };
    },
  };
  return compiled;
}

function* scopeWork(
  stage: RuleStage,
  policies: readonly Policy[],
  rulesOf: ReadonlyMap<Policy, readonly OrderedRule[]>,
  context: CompileContext,
): Work<Scope> {
  const http: Row[] = [];
  const tcp: Row[] = [];
  for (const policy of policies) {
    for (const { ordinal, rule } of rulesOf.get(policy) ?? []) {
      if (stage.kind === 'first-match' && rule.effect === 'log') continue; // goes on to the next rule
      const holdsUnknown = unknownHolds(stage.kind, rule.effect);
      const row = (condition: Row['condition']): Row => ({
        ordinal,
        condition,
        holds: compileCondition(condition, context, holdsUnknown),
        unknownHolds: holdsUnknown && context.absence === 'strict',
      });
      const forHttp = row(rule.http);
      http.push(forHttp);
      if (http.length % ROWS_AT_ONCE === 0) yield;
      if (rule.tcp !== undefined) tcp.push(rule.tcp === rule.http ? forHttp : row(rule.tcp));
    }
  }
  const { subject, mode } = policies[0]!; // groups have members, of one subject and one mode
  const name = JSON.stringify([stage.kind, stage.name, stage.direction, mode, nameOfSubject(subject)]);
  const index = (protocol: string, rows: readonly Row[]): Work<RuleIndex> =>
    ruleIndexWork(rows, (all) => context.covers.for(`${protocol} ${name}`, all));
  return { subject, policies, http: yield* index('http', http), tcp: yield* index('tcp', tcp) };
}

/** Scopes by namespace, so that a workload is not compared with every subject there is. */
interface ScopeTable {
  readonly everywhere: readonly Scope[];
  readonly byNamespace: ReadonlyMap<string, readonly Scope[]>;
}

function createScopeTable(scopes: readonly Scope[]): ScopeTable {
  const local = scopes.filter(({ subject }) => subject.namespace !== undefined);
  return {
    everywhere: scopes.filter(({ subject }) => subject.namespace === undefined),
    byNamespace: Map.groupBy(local, ({ subject }) => subject.namespace ?? ''),
  };
}

function pick(table: ScopeTable, destination: Destination, context: SubjectContext) {
  const near = [...table.everywhere, ...(table.byNamespace.get(destination.namespace) ?? [])];
  const answers = Map.groupBy(near, ({ subject }) => applies(subject, destination, context));
  return { yes: answers.get('yes') ?? [], unknown: answers.get('unknown') ?? [] };
}

function selected(scopes: readonly Scope[]): SelectedScopes {
  const http = scopes.map((scope) => scope.http);
  const tcp = scopes.map((scope) => scope.tcp);
  return {
    policies: scopes.flatMap((scope) => scope.policies),
    first(facts) {
      const indexes = facts.protocol === 'http' ? http : tcp;
      let best = noOrdinal;
      for (let i = 0; i < indexes.length; i++) best = indexes[i]!.first(facts, best);
      return best;
    },
  };
}
