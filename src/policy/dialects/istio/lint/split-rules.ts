/**
 * Conditions that must hold together by the look of them, and that stray dashes made alternatives.
 * @module
 */
import type { Reporter } from '../../../documents/finding.ts';
import { listAt, type MapValue, mapAt, textsAt, type Value } from '../../../documents/value.ts';
import { namesOf, operationFields, type RuleField, sourceFields } from '../read/rule-shape.ts';

/** What the rules of a policy do together, in a sentence. */
const verbs: ReadonlyMap<string, string> = new Map([
  ['ALLOW', 'allow'],
  ['DENY', 'deny'],
  ['CUSTOM', 'ask the provider'],
]);

/** Warns about rules, and entries of `from` and `to`, of which each asks what the others leave open. */
export function lintSplits(rules: readonly Value[], action: string, report: Reporter): void {
  const verb = verbs.get(action);
  if (verb === undefined) return;
  splitRules(rules, action, verb, report);
  for (const [i, rule] of rules.entries()) {
    for (const part of parts) splitList(rule, part, `spec.rules[${i}]`, action, verb, report);
  }
}

const sections = ['from', 'to', 'when'];

/** One finding a group: rules in a row that never ask the same section. */
function splitRules(rules: readonly Value[], action: string, verb: string, report: Reporter): void {
  let union = new Set<string>();
  let told = false;
  for (const [i, rule] of rules.entries()) {
    const own = sections.filter((name) => (listAt(rule, name)?.items.length ?? 0) > 0);
    const joins = union.size > 0 && own.length > 0 && own.every((name) => !union.has(name));
    if (!joins) {
      union = new Set(own);
      told = false;
      continue;
    }
    for (const name of own) union.add(name);
    if (told || (action === 'ALLOW' && (isPublic(rule) || isPublic(rules[i - 1])))) continue;
    told = true;
    report.warning(
      rule,
      'split-rule',
      `spec.rules[${i}]`,
      `rules ${i - 1} and ${i} ask of each other's half nothing: either of them is enough to ${verb}`,
      'if both must hold, make them one rule: remove the dash before the second',
    );
  }
}

interface Part {
  readonly list: 'from' | 'to';
  readonly inner: 'source' | 'operation';
  readonly fields: readonly RuleField[];
  /** Fields of one group are alternatives by nature: a caller by its principal, or by its namespace. */
  readonly groups: ReadonlyMap<string, string>;
}

const parts: readonly Part[] = [
  {
    list: 'from',
    inner: 'source',
    fields: sourceFields,
    groups: new Map([
      ...['principals', 'namespaces', 'serviceAccounts', 'trustDomains'].map((name) => [name, 'caller'] as const),
      ...['ipBlocks', 'remoteIpBlocks'].map((name) => [name, 'address'] as const),
      ['requestPrincipals', 'token'],
    ]),
  },
  {
    list: 'to',
    inner: 'operation',
    fields: operationFields,
    groups: new Map(['hosts', 'methods', 'paths', 'ports'].map((name) => [name, name] as const)),
  },
];

function splitList(rule: Value, part: Part, path: string, action: string, verb: string, report: Reporter): void {
  const { list, inner, fields } = part;
  const items = listAt(rule, list)?.items ?? [];
  if (items.length < 2) return;
  const asked = items.map((item) => askedIn(mapAt(item, inner), fields));
  if (action !== 'ALLOW') {
    const negated = asked.findIndex((names) => names.length > 0 && names.every((name) => name.startsWith('not')));
    if (negated >= 0) {
      const message = `${asked[negated]!.join(' and ')} in an entry of its own is enough to ${verb}: the other entries of this ${list} hardly matter`; // found
      report.warning(items[negated]!, 'split-list', `${path}.${list}[${negated}]`, message, fixOf(inner)); // found
      return;
    }
  }
  // A caller by name or by address is a choice that an ALLOW may well give.
  if (action === 'ALLOW' && (list === 'from' || items.some((item) => isPublicOperation(mapAt(item, inner))))) return;
  const groups = asked.map((names) => (names.length === 1 ? part.groups.get(names[0]!) : undefined)); // of one
  if (groups.includes(undefined) || new Set(groups).size < groups.length) return;
  const message = `the entries of this ${list} ask for ${asked.flat().join(', ')} each alone: one of them is enough to ${verb}`;
  report.warning(items[1]!, 'split-list', `${path}.${list}[1]`, message, fixOf(inner)); // two at least
}

const fixOf = (inner: string): string => `if all must hold, write the fields into one ${inner}`;

const askedIn = (content: MapValue | undefined, fields: readonly RuleField[]): readonly string[] =>
  namesOf(fields).filter((name) => (listAt(content, name)?.items.length ?? 0) > 0);

/** Paths that are open to everybody in many a mesh: probes and metrics. */
const PUBLIC = /^\*?\/?(-\/)?(health|ready|live|ping|status|metrics|\.well-known|actuator\/health|public)/i;

function isPublic(rule: Value | undefined): boolean {
  const items = listAt(rule, 'to')?.items ?? [];
  return items.length > 0 && items.every((item) => isPublicOperation(mapAt(item, 'operation')));
}

function isPublicOperation(operation: MapValue | undefined): boolean {
  const paths = textsAt(operation, 'paths');
  return paths.length > 0 && paths.every(({ text }) => PUBLIC.test(text));
}
