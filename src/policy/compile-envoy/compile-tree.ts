/**
 * Puts the tree of one workload together: guards, what denies, what asks, what allows, and a last word.
 * @module
 */
import { toByteString } from '../../lib/byte-string.ts';
import type { Absence, Policy, PolicyRef, Rule } from '../model.ts';
import { callerForms, isNamed } from './caller-forms.ts';
import { noUses, type SayContext, type Uses } from './conditions.ts';
import { type FiledRule, filedRule } from './filing/filed-rule.ts';
import type { TreeMemory } from './filing/tree-memory.ts';
import { type Guard, guardItems, guardsOf } from './guards.ts';
import type { AskReason, NativeSettings } from './native-settings.ts';
import { cubesOfRule } from './plain-requests.ts';
import { planeParts } from './planes/plane-items.ts';
import { addUses, type SharedUses } from './rule-cubes.ts';
import { noTokens, type ScopedTokens } from './tokens/token-context.ts';
import { allOf, anyOf, notOf, testOf } from './tree/predicates.ts';
import { statesRead } from './tree/states-read.ts';
import { type Action, chain, type Item, type Node, type Part, type Predicate, tautology } from './tree/tree.ts';
import type { ScopedStage, WorkloadScope } from './workload-scope.ts';

/** What trees of a workload are made of. */
export interface TreeInput {
  readonly scope: WorkloadScope;
  readonly tokens: ScopedTokens;
  readonly trustedHops: number;
  readonly isGateway: boolean;
  readonly absence: Absence;
  readonly settings: Omit<NativeSettings, 'decide' | 'allowEmpty' | 'keySets'>;
  readonly protocol: 'http' | 'tcp';
  /** Dry-run policies count as enforced. */
  readonly rehearsing: boolean;
  /** Of the last trees of the workload. */
  readonly memory: TreeMemory<Told>;
}

/** Of whom a part of a tree is: callers who showed a certificate, or who showed none. */
interface PartInput extends TreeInput {
  readonly isNamed: boolean;
}

/** A tree, and what asks in it. */
export interface CompiledTree {
  readonly root: Node;
  readonly asks: readonly AskReason[];
}

/**
 * Compiles the tree that decides or asks. Without TLS Envoy gives up where a name is asked for, so who showed no certificate has a part of
 * his own, in which nothing asks for one.
 */
export function compileTree(input: TreeInput): CompiledTree {
  const named = compilePart({ ...input, isNamed: true });
  if (!named.readsNames) return named;
  const nameless = compilePart({ ...input, isNamed: false });
  const asks: Action = { is: 'action', name: 'ask:certificate', effect: 'allow' };
  const reason = `all where ${callerStates[input.protocol].slice('state:'.length)} is not set by a filter before`;
  const guard: AskReason = { reason, policy: undefined, rule: undefined, field: undefined };
  return { root: byCaller(input, named.root, nameless.root, asks), asks: [guard, ...named.asks, ...nameless.asks] };
}

/** Both parts come to an action. A serial number is hexadecimal: whatever is there, and is not a formatter's dash, is one. */
function byCaller({ protocol }: TreeInput, named: Node, nameless: Node, otherwise: Node): Node {
  const input = callerStates[protocol];
  return protocol === 'http'
    ? { is: 'prefix', input, entries: entries({ '': named, '-': nameless }), otherwise }
    : { is: 'exact', input, entries: entries({ plain: nameless, tls: named }), otherwise };
}

const entries = (nodes: Readonly<Record<string, Node>>): ReadonlyMap<string, Node> => new Map(Object.entries(nodes));

/** A connection brings no tokens. */
const tokensOf = ({ protocol, tokens }: TreeInput): ScopedTokens => (protocol === 'http' ? tokens : noTokens);

/**
 * What says whether the caller showed a certificate: of requests its serial number, of connections what the chain of network filters says of
 * itself by a constant, for the handshake may not be over.
 */
const callerStates = { http: 'state:gh.serial', tcp: 'state:gh.transport' } as const;

function compilePart(input: PartInput): CompiledTree & { readonly readsNames: boolean } {
  const { scope, settings, protocol, isNamed } = input;
  const rules = (kind: ScopedStage['kind']): readonly Told[] => toldOf(input, kind);
  const denials = rules('any-deny');
  const allowances = rules('any-allow');
  const custom = rules('delegate');
  // What AUDIT policies mean and no tree can judge is asked about even where it is denied: Gatehouse then tells of it. Connections have
  // no filter that marks them.
  const audited = rules('audit');
  const audits = audited.filter((each) => protocol === 'tcp' || !isNative(each));
  const transport = transportItems(scope, isNamed);
  const told = [...audited, ...denials, ...custom, ...allowances];
  const planes = planeParts(scope.letsIn, contextOf(input, false));
  const { uses } = transport;
  for (const each of [...distinctUses(told), planes.uses]) addUses(uses, each);
  const forms = isNamed ? callerForms(settings.trustDomains) : 'nameless';
  const list = (items: readonly Item[]): readonly Part[] => (items.length > 0 ? [{ is: 'list', items }] : []);
  const place = placeOf(input);
  const filed = (some: readonly Told[], does: 'deny' | 'allow' | 'ask', name: string = does): readonly Part[] =>
    input.memory.filing(`${name} ${place}`).file(some.map((each) => filedAs(each, does)));
  const asksFirst = [...denials.filter((each) => !isNative(each)), ...custom];
  const asksLast = allowances.filter((each) => !isNative(each));
  const audit = filed(audits, 'ask', 'audit');
  const first = [...filed(denials.filter(isNative), 'deny'), ...filed(asksFirst, 'ask', 'ask-first'), ...planes.parts];
  const allows = filed(allowances.filter(isNative), 'allow');
  const last = [...filed(asksLast, 'ask', 'ask-last'), lastWord(input)];
  const reads = statesRead([...audit, ...first, ...allows, ...last]);
  const guards = [...guardsOf(uses, forms, settings, protocol, reads), ...tokensOf(input).guards];
  const [early, late] = audit.length + first.length > 0 ? [0, guards] : byName(allows, guards);
  const root = chain([
    ...list(guardItems(guards.filter((each) => !late.includes(each)))),
    ...allows.slice(0, early),
    ...list(guardItems(late)),
    ...audit,
    ...list(transport.items),
    ...first,
    ...allows.slice(early),
    ...last,
  ])!; // it ends in an action
  return {
    root,
    readsNames: uses.inputs.has('uri') || guards.some(({ isOfNames }) => isOfNames),
    asks: [
      ...guards.map(({ reason }) => ({ reason, policy: undefined, rule: undefined, field: undefined })),
      ...planes.asks,
      ...[...audits, ...asksFirst, ...asksLast].flatMap(askReasons),
    ],
  };
}

/**
 * How many of the first parts can stand before some guards, and these guards: whoever has a name that is a key of such a part is not meant
 * by them, nor by what refuses who has no name.
 */
function byName(parts: readonly Part[], guards: readonly Guard[]): readonly [number, readonly Guard[]] {
  const late = guards.filter(({ spares }) => spares !== undefined);
  const isOfNames = (part: Part): boolean =>
    part.is === 'exact' &&
    part.input === 'uri' &&
    late.every(({ spares }) => [...part.entries.keys()].every((uri) => spares!(uri))); // it is there
  const other = parts.findIndex((part) => !isOfNames(part));
  const count = late.length === 0 ? 0 : other < 0 ? parts.length : other;
  return count === 0 ? [0, guards] : [count, late];
}

/** A tree can judge all of it. */
const isNative = ({ uses: { unsayable } }: Told): boolean => unsayable.size === 0;

/** Most of them use the same. */
function distinctUses(told: readonly Told[]): ReadonlySet<SharedUses> {
  const distinct = new Set<SharedUses>();
  let last: SharedUses | undefined;
  for (const { uses } of told) {
    if (uses !== last) distinct.add(uses);
    last = uses;
  }
  return distinct;
}

/** Compiles the tree that marks what AUDIT policies mean; undefined if there are none that a tree can judge. */
export function compileAudit(input: TreeInput): Node | undefined {
  const nothing: Action = { is: 'action', name: 'n:no-audit', effect: 'allow' };
  const part = (isNamed: boolean) => {
    const told = toldOf({ ...input, isNamed }, 'audit').filter(isNative);
    const filing = input.memory.filing(`log ${placeOf({ ...input, isNamed })}`);
    const root = chain([...filing.file(told.map((each) => filedAs(each, 'log'))), nothing])!; // it ends in an action
    return { root, isEmpty: told.length === 0, readsNames: told.some(({ uses }) => uses.inputs.has('uri')) };
  };
  const named = part(true);
  if (named.isEmpty) return undefined;
  return named.readsNames ? byCaller(input, named.root, part(false).root, nothing) : named.root;
}

/** Names the stage in the name of an action. */
const stageNames = {
  'any-deny': 'deny',
  'any-allow': 'allow',
  delegate: 'custom',
  audit: 'audit',
  'first-match': 'tier',
};

const placeOf = ({ protocol, isNamed, rehearsing }: PartInput): string =>
  `${protocol} ${isNamed ? 'named' : 'nameless'} ${rehearsing ? 'rehearsing' : 'enforced'}`;

/** One alternative of a rule as it can be told in a tree. Kept by its policy, so that equal parts of trees are the same values. */
export interface Told {
  readonly ref: PolicyRef;
  readonly rule: number;
  readonly kind: ScopedStage['kind'];
  readonly uses: SharedUses;
  readonly cube: Pick<FiledRule, 'keys' | 'rest'>;
  readonly filed: { [Does in DoesText]?: FiledRule };
}

type DoesText = 'deny' | 'allow' | 'ask' | 'log';

const knownByContext = new Map<string, WeakMap<Policy, readonly Told[]>>();

const contextOf = (input: PartInput, unknownHolds: boolean): SayContext => ({
  ...{ protocol: input.protocol, absence: input.absence, unknownHolds, isNamed: input.isNamed },
  ...{ trustDomains: input.settings.trustDomains, tokens: tokensOf(input).context },
  ...{ trustedHops: input.trustedHops, isGateway: input.isGateway },
});

function toldOf(input: PartInput, kind: ScopedStage['kind']): readonly Told[] {
  const { scope, absence, settings, protocol, rehearsing, isNamed } = input;
  const tokens = tokensOf(input).context;
  const context = contextOf(input, kind !== 'any-allow');
  const name = `${protocol} ${isNamed} ${absence} ${kind} ${settings.trustDomains.join(' ')} ${tokens.name} ${input.trustedHops} ${input.isGateway}`;
  const policies = policiesOf(scope, kind, rehearsing);
  const known = knownIn(name);
  return input.memory.told(`${name} ${rehearsing}`, policies, (policy) => toldPolicy(policy, { kind, context }, known));
}

/** Contexts change with the configuration alone. */
const MOST_CONTEXTS = 256;

function knownIn(name: string): WeakMap<Policy, readonly Told[]> {
  let known = knownByContext.get(name);
  if (known === undefined) {
    if (knownByContext.size >= MOST_CONTEXTS) knownByContext.clear();
    known = new WeakMap();
    knownByContext.set(name, known);
  }
  return known;
}

interface Telling {
  readonly kind: ScopedStage['kind'];
  readonly context: SayContext;
}

function toldPolicy(policy: Policy, telling: Telling, known: WeakMap<Policy, readonly Told[]>): readonly Told[] {
  let told = known.get(policy);
  if (told === undefined) {
    told = policy.rules.flatMap((rule) => toldRule(policy, rule, telling));
    known.set(policy, told);
  }
  return told;
}

function toldRule({ ref }: Policy, rule: Rule, { kind, context }: Telling): readonly Told[] {
  const expr = context.protocol === 'http' ? rule.http : rule.tcp;
  if (expr === undefined) return [];
  return cubesOfRule(expr, context).map((cube) => ({ ref, rule: rule.index, kind, uses: cube.uses, cube, filed: {} }));
}

function policiesOf(scope: WorkloadScope, kind: ScopedStage['kind'], rehearsing: boolean): readonly Policy[] {
  return scope.stages
    .filter((stage) => stage.kind === kind)
    .flatMap(({ policies }) => policies.filter(({ mode }) => mode === 'enforce' || rehearsing));
}

function filedAs(told: Told, does: DoesText): FiledRule {
  const { filed, ref, rule, kind, cube } = told;
  const known = filed[does];
  if (known !== undefined) return known;
  const name = `${does === 'ask' ? 'ask' : 'n'}:${stageNames[kind]}/${ref.namespace}/${ref.name}#${rule}`;
  const effect = does === 'ask' ? 'allow' : does;
  const made = filedRule({ is: 'action', name: toByteString(name), effect }, cube.keys, cube.rest);
  filed[does] = made;
  return made;
}

function askReasons({ ref, rule, kind, uses }: Told): readonly AskReason[] {
  const fields = uses.unsayable.size > 0 ? [...uses.unsayable].sort() : [undefined];
  return fields.map((field) => ({
    reason: field === undefined ? `${stageNames[kind].toUpperCase()} asks` : `${field} is judged by Gatehouse alone`,
    policy: ref,
    rule,
    field,
  }));
}

/** What becomes of a request of which no rule holds. */
function lastWord({ scope, rehearsing }: TreeInput): Action {
  const counts = ({ mode }: Policy): boolean => mode === 'enforce' || rehearsing;
  return scope.stages.some(({ kind, policies }) => kind === 'any-allow' && policies.some(counts))
    ? { is: 'action', name: 'n:no-rule-allowed', effect: 'deny' }
    : { is: 'action', name: 'n:no-policy-applies', effect: 'allow' };
}

/** PeerAuthentication: who has no name is refused where the mode is STRICT. */
function transportItems(
  { transport }: WorkloadScope,
  isNamedPart: boolean,
): { readonly items: readonly Item[]; readonly uses: Uses } {
  const uses = noUses();
  if (transport === undefined) return { items: [], uses };
  const items: Item[] = [];
  const isPort = (port: number): Predicate => testOf('port', { is: 'exact', value: String(port) });
  const refuse = (policy: PolicyRef | undefined, where: Parameters<typeof allOf>[0][number]): void => {
    const when = isNamedPart ? allOf([notOf(isNamed), where]) : where;
    if (when === 'never') return;
    const name = toByteString(`n:mtls/${policy?.namespace ?? ''}/${policy?.name ?? ''}`);
    const leadsTo: Action = { is: 'action', name, effect: 'deny' };
    items.push({ when: when === 'always' ? tautology : when, leadsTo });
    if (isNamedPart) uses.inputs.add('uri');
  };
  const { everyPort, ports } = transport;
  for (const [port, { mode, policy }] of ports) if (mode === 'strict') refuse(policy, isPort(port));
  if (everyPort.mode === 'strict') refuse(everyPort.policy, notOf(anyOf([...ports.keys()].map(isPort))));
  return { items, uses };
}
