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
import { type EditedIndex, editedIndexWork } from './index/edited-index.ts';
import { noOrdinal, ROWS_AT_ONCE, type Row } from './index/rule-index.ts';
import { compileCondition } from './match/condition.ts';
import { type OrderedRule, orderWork, type StageOrder } from './order.ts';

/** What compilation needs besides the stage. */
export type CompileContext = ConditionContext & SubjectContext;

/** The policies of one subject, one mode. Immutable. */
interface Scope {
  readonly mode: Policy['mode'];
  readonly subject: Subject;
  /** In the order of the stage. */
  readonly policies: readonly Policy[];
  /** Of its first policy. Kept, for the order's own numbers follow a policy that moves on. */
  readonly place: number;
  readonly http: EditedIndex;
  readonly tcp: EditedIndex;
}

/** A stage with its indexes built. */
export interface CompiledRuleStage {
  readonly stage: RuleStage;
  /** The rule of an ordinal that an index answered. */
  ruleAt(ordinal: number): OrderedRule;
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

/** What the next compilation of nearly the same stage begins with. */
export interface KeptStage {
  readonly order: StageOrder;
  readonly scopes: ReadonlyMap<string, Scope>;
  readonly context: CompileContext;
}

/** Compiles one stage, by what is kept of the last compilation where that helps. */
export function* ruleStageWork(
  stage: RuleStage,
  context: CompileContext,
  last?: KeptStage,
): Work<{ readonly compiled: CompiledRuleStage; readonly kept: KeptStage }> {
  // Conditions on the registry are good for every registry that follows the one that they were compiled for.
  const isLike = last?.context.absence === context.absence && last.context.registryAtom === context.registryAtom;
  const before = isLike ? last : undefined;
  const { order, edit } = yield* orderWork(stage, before?.order);
  yield;
  const scopes =
    before && edit
      ? yield* editScopes(before.scopes, { stage, order, context }, edit)
      : yield* newScopes({ stage, order, context });
  const all = [...scopes.values()];
  const enforced = createScopeTable(all.filter(({ mode }) => mode === 'enforce'));
  const dryRun = createScopeTable(all.filter(({ mode }) => mode === 'dry-run'));
  const compiled: CompiledRuleStage = {
    stage,
    ruleAt: (ordinal) => ruleAt(order.rules, ordinal),
    select(destination) {
      const some = pick(enforced, destination, context);
      return {
        compiled,
        enforced: selected(some.yes),
        dryRun: selected(pick(dryRun, destination, context).yes),
        undecided: firstOf(some.unknown),
      };
    },
  };
  return { compiled, kept: { order, scopes, context } };
}

/** The rule of an ordinal that an index answered. */
function ruleAt(rules: readonly OrderedRule[], ordinal: number): OrderedRule {
  let low = 0;
  let high = rules.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rules[middle]!.ordinal < ordinal) low = middle + 1;
    else high = middle;
  }
  return rules[low]!;
}

interface Ordered {
  readonly stage: RuleStage;
  readonly order: StageOrder;
  readonly context: CompileContext;
}

/** Equal names, one scope; undefined for a policy that decides nothing here. */
function scopeOf({ mode, subject, providerAskedBy }: Policy): string | undefined {
  return providerAskedBy === 'envoy' ? undefined : `${mode} ${nameOfSubject(subject)}`;
}

function* newScopes(ordered: Ordered): Work<ReadonlyMap<string, Scope>> {
  const scopes = new Map<string, Scope>();
  for (const [name, policies] of Map.groupBy(ordered.stage.policies, scopeOf)) {
    yield;
    if (name !== undefined) scopes.set(name, yield* scopeWork(policies, ordered));
  }
  return scopes;
}

/** The scopes of policies that came or went anew, by their rows that came or went; all others as they are. */
function* editScopes(
  before: ReadonlyMap<string, Scope>,
  ordered: Ordered,
  edit: { readonly gone: readonly Policy[]; readonly came: readonly Policy[] },
): Work<ReadonlyMap<string, Scope>> {
  const gone = Map.groupBy(edit.gone, scopeOf);
  const came = Map.groupBy(edit.came, scopeOf);
  const touched = new Set([...gone.keys(), ...came.keys()]);
  if (touched.size === 0) return before;
  const scopes = new Map(before);
  const { order } = ordered;
  for (const name of touched) {
    if (name === undefined) continue;
    yield;
    const scope = before.get(name);
    const [out, into] = [gone.get(name) ?? [], came.get(name) ?? []];
    const left = new Set(out);
    const policies = [...(scope?.policies.filter((policy) => !left.has(policy)) ?? []), ...into];
    if (policies.length === 0) {
      scopes.delete(name);
      continue;
    }
    policies.sort((a, b) => order.placeOf(a) - order.placeOf(b));
    if (scope === undefined) {
      scopes.set(name, yield* scopeWork(policies, ordered));
      continue;
    }
    const [goneRows, cameRows] = [rowsOf(out, ordered), rowsOf(into, ordered)];
    scopes.set(name, {
      ...scope,
      policies,
      place: order.placeOf(policies[0]!), // some are left
      http: yield* scope.http.edit(goneRows.http, cameRows.http),
      tcp: yield* scope.tcp.edit(goneRows.tcp, cameRows.tcp),
    });
  }
  return scopes;
}

function* scopeWork(policies: readonly Policy[], ordered: Ordered): Work<Scope> {
  const { subject, mode } = policies[0]!; // groups have members, of one subject and one mode
  const http: Row[] = [];
  const tcp: Row[] = [];
  for (const [i, policy] of policies.entries()) {
    if (i % ROWS_AT_ONCE === 0) yield;
    const rows = rowsOf([policy], ordered);
    for (const row of rows.http) http.push(row);
    for (const row of rows.tcp) tcp.push(row);
  }
  const place = ordered.order.placeOf(policies[0]!);
  return { mode, subject, policies, place, http: yield* editedIndexWork(http), tcp: yield* editedIndexWork(tcp) };
}

interface Rows {
  readonly http: Row[];
  readonly tcp: Row[];
}

const rowsOfRules = new WeakMap<OrderedRule, { readonly http: Row; readonly tcp: Row | undefined }>();

/** The rows of some policies; those of a rule that stands where it stood are the same each time. */
function rowsOf(policies: readonly Policy[], { stage, order, context }: Ordered): Rows {
  const out: Rows = { http: [], tcp: [] };
  for (const policy of policies) {
    for (const ordered of order.rulesOf(policy)) {
      if (stage.kind === 'first-match' && ordered.rule.effect === 'log') continue; // goes on to the next rule
      const known = rowsOfRules.get(ordered);
      const rows = known ?? compileRow(ordered, stage, context);
      if (known === undefined) rowsOfRules.set(ordered, rows);
      out.http.push(rows.http);
      if (rows.tcp !== undefined) out.tcp.push(rows.tcp);
    }
  }
  return out;
}

function compileRow({ ordinal, rule }: OrderedRule, stage: RuleStage, context: CompileContext) {
  const holdsUnknown = unknownHolds(stage.kind, rule.effect);
  const row = (condition: Row['condition']): Row => ({
    ordinal,
    condition,
    holds: compileCondition(condition, context, holdsUnknown),
    unknownHolds: holdsUnknown && context.absence === 'strict',
  });
  const http = row(rule.http);
  return { http, tcp: rule.tcp === undefined ? undefined : rule.tcp === rule.http ? http : row(rule.tcp) };
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

/** The first policy that may apply or not; those of every namespace stand before the others. */
function firstOf(scopes: readonly Scope[]): PolicyRef | undefined {
  const everywhere = scopes.filter(({ subject }) => subject.namespace === undefined);
  let first: Scope | undefined;
  for (const scope of everywhere.length > 0 ? everywhere : scopes)
    if (first === undefined || scope.place < first.place) first = scope;
  return first?.policies[0]?.ref;
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
