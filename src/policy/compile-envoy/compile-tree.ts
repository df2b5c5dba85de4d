/**
 * Puts the tree of one workload together: guards, what denies, what asks, what allows, and a last word.
 * @module
 */
import { toByteString } from '../../lib/byte-string.ts';
import type { Absence, Policy, PolicyRef, Rule } from '../model.ts';
import { callerForms, isNamed } from './caller-forms.ts';
import { noUses, type SayContext, type Uses } from './conditions.ts';
import { type FiledRule, fileRules, MOST_VALUES } from './file-rules.ts';
import { guardItems, guardsOf } from './guards.ts';
import type { AskReason, NativeSettings } from './native-settings.ts';
import { allOf, anyOf, notOf, testOf } from './predicates.ts';
import { addUses, cubesOf } from './rule-cubes.ts';
import { type Action, chain, type Item, type Node, type Part, type Predicate } from './tree.ts';
import type { ScopedStage, WorkloadScope } from './workload-scope.ts';

/** What trees of a workload are made of. */
export interface TreeInput {
  readonly scope: WorkloadScope;
  readonly absence: Absence;
  readonly settings: Omit<NativeSettings, 'decide' | 'allowEmpty'>;
  readonly protocol: 'http' | 'tcp';
  /** Dry-run policies count as enforced. */
  readonly rehearsing: boolean;
}

/** A tree, and what asks in it. */
export interface CompiledTree {
  readonly root: Node;
  readonly asks: readonly AskReason[];
}

/** Compiles the tree that decides or asks. */
export function compileTree(input: TreeInput): CompiledTree {
  const { scope, settings, protocol } = input;
  const rules = (kind: ScopedStage['kind']): readonly Told[] => toldOf(input, kind);
  const denials = rules('any-deny');
  const allowances = rules('any-allow');
  const custom = rules('delegate');
  // What AUDIT policies mean and no tree can judge is asked about even where it is denied: Gatehouse then tells of it.
  const audited = rules('audit');
  const audits = audited.filter(({ cube }) => cube.unsayable.length > 0);
  const transport = transportItems(scope);
  const told = [...audited, ...denials, ...custom, ...allowances];
  const { uses } = transport;
  for (const each of told) addUses(uses, each.uses);
  const guards = guardsOf(uses, callerForms(settings.trustDomains), settings, protocol);
  const list = (items: readonly Item[]): readonly Part[] => (items.length > 0 ? [{ is: 'list', items }] : []);
  const isNative = ({ cube }: Told): boolean => cube.unsayable.length === 0;
  const filed = (some: readonly Told[], does: 'deny' | 'allow' | 'ask'): readonly Part[] =>
    fileRules(some.map((each) => filedRule(each, does)));
  const asksFirst = [...denials.filter((each) => !isNative(each)), ...custom];
  const asksLast = allowances.filter((each) => !isNative(each));
  const root = chain([
    ...list(guardItems(guards)),
    ...filed(audits, 'ask'),
    ...list(transport.items),
    ...filed(denials.filter(isNative), 'deny'),
    ...filed(asksFirst, 'ask'),
    ...filed(allowances.filter(isNative), 'allow'),
    ...filed(asksLast, 'ask'),
    lastWord(input),
  ])!; // it ends in an action
  return {
    root,
    asks: [
      ...guards.map(({ reason }) => ({ reason, policy: undefined, rule: undefined, field: undefined })),
      ...[...audits, ...asksFirst, ...asksLast].flatMap(askReasons),
    ],
  };
}

/** Compiles the tree that marks what AUDIT policies mean; undefined if there are none that a tree can judge. */
export function compileAudit(input: TreeInput): Node | undefined {
  const told = toldOf(input, 'audit').filter(({ cube }) => cube.unsayable.length === 0);
  if (told.length === 0) return undefined;
  const nothing: Action = { is: 'action', name: 'n:no-audit', effect: 'allow' };
  return chain([...fileRules(told.map((each) => filedRule(each, 'log'))), nothing]);
}

/** Names the stage in the name of an action. */
const stageNames = {
  'any-deny': 'deny',
  'any-allow': 'allow',
  delegate: 'custom',
  audit: 'audit',
  'first-match': 'tier',
};

/** One alternative of a rule as it can be told in a tree. Kept by the rule, so that equal parts of trees are the same values. */
interface Told {
  readonly ref: PolicyRef;
  readonly rule: number;
  readonly kind: ScopedStage['kind'];
  readonly uses: Uses;
  readonly cube: Pick<FiledRule, 'keys' | 'rest'> & { readonly unsayable: readonly string[] };
  readonly filed: Map<string, FiledRule>;
}

const known = new WeakMap<Rule, Map<string, readonly Told[]>>();

function toldOf(input: TreeInput, kind: ScopedStage['kind']): readonly Told[] {
  const { scope, absence, settings, protocol, rehearsing } = input;
  const context: SayContext = {
    protocol,
    absence,
    unknownHolds: kind !== 'any-allow',
    trustDomains: settings.trustDomains,
  };
  const name = `${protocol} ${absence} ${kind} ${settings.trustDomains.join(' ')}`;
  return policiesOf(scope, kind, rehearsing).flatMap((policy) =>
    policy.rules.flatMap((rule) => toldRule(policy, rule, { kind, context, name })),
  );
}

function toldRule(
  { ref }: Policy,
  rule: Rule,
  { kind, context, name }: { readonly kind: ScopedStage['kind']; readonly context: SayContext; readonly name: string },
): readonly Told[] {
  const expr = context.protocol === 'http' ? rule.http : rule.tcp;
  if (expr === undefined) return [];
  let byContext = known.get(rule);
  if (byContext === undefined) {
    byContext = new Map();
    known.set(rule, byContext);
  }
  let told = byContext.get(name);
  if (told === undefined) {
    told = cubesOf(expr, context).map(({ keys, rest, uses }) => ({
      ref,
      rule: rule.index,
      kind,
      uses,
      cube: { keys, rest, unsayable: [...uses.unsayable].sort() },
      filed: new Map(),
    }));
    byContext.set(name, told);
  }
  return told;
}

function policiesOf(scope: WorkloadScope, kind: ScopedStage['kind'], rehearsing: boolean): readonly Policy[] {
  return scope.stages
    .filter((stage) => stage.kind === kind)
    .flatMap(({ policies }) => policies.filter(({ mode }) => mode === 'enforce' || rehearsing));
}

function filedRule(told: Told, does: 'deny' | 'allow' | 'ask' | 'log'): FiledRule {
  let filed = told.filed.get(does);
  if (filed === undefined) {
    const name = `${does === 'ask' ? 'ask' : 'n'}:${stageNames[told.kind]}/${told.ref.namespace}/${told.ref.name}#${told.rule}`;
    filed = {
      action: { is: 'action', name: toByteString(name), effect: does === 'ask' ? 'allow' : does },
      keys: told.cube.keys,
      rest: told.cube.rest,
      budget: MOST_VALUES,
    };
    told.filed.set(does, filed);
  }
  return filed;
}

function askReasons({ ref, rule, kind, cube }: Told): readonly AskReason[] {
  const fields = cube.unsayable.length > 0 ? cube.unsayable : [undefined];
  return fields.map((field) => ({
    reason: field === undefined ? `${stageNames[kind].toUpperCase()} asks` : `${field} is judged by Gatehouse alone`,
    policy: ref,
    rule,
    field,
  }));
}

/** What becomes of a request of which no rule holds. */
function lastWord({ scope, rehearsing }: TreeInput): Action {
  return policiesOf(scope, 'any-allow', rehearsing).length > 0
    ? { is: 'action', name: 'n:no-rule-allowed', effect: 'deny' }
    : { is: 'action', name: 'n:no-policy-applies', effect: 'allow' };
}

/** PeerAuthentication: who has no name is refused where the mode is STRICT. */
function transportItems({ transport }: WorkloadScope): { readonly items: readonly Item[]; readonly uses: Uses } {
  const uses = noUses();
  if (transport === undefined) return { items: [], uses };
  const items: Item[] = [];
  const isPort = (port: number): Predicate => testOf('port', { is: 'exact', value: String(port) });
  const refuse = (policy: PolicyRef | undefined, where: Parameters<typeof allOf>[0][number]): void => {
    const when = allOf([notOf(isNamed), where]) as Predicate; // somebody without a name
    const name = toByteString(`n:mtls/${policy?.namespace ?? ''}/${policy?.name ?? ''}`);
    items.push({ when, leadsTo: { is: 'action', name, effect: 'deny' } });
    uses.inputs.add('uri');
  };
  const { everyPort, ports } = transport;
  for (const [port, { mode, policy }] of ports) if (mode === 'strict') refuse(policy, isPort(port));
  if (everyPort.mode === 'strict') refuse(everyPort.policy, notOf(anyOf([...ports.keys()].map(isPort))));
  return { items, uses };
}
