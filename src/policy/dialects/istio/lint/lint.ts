/**
 * What Istio accepts in the rules of one policy, and an author most likely did not mean.
 * @module
 */

import { warnOfEmptyLists } from '../../../documents/empty-lists.ts';
import type { Reporter } from '../../../documents/finding.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, type Value } from '../../../documents/value.ts';
import { contradictionIn } from '../../../meaning/contradiction.ts';
import type { Rule } from '../../../model.ts';
import { attributeOf } from '../read/attribute.ts';
import { alwaysHolds } from '../read/expr.ts';
import { operationNames, sourceNames } from '../read/rule-shape.ts';
import { lintDeniedHosts } from './denied-hosts.ts';
import { type Values, valuesOf } from './rule-values.ts';
import { dottedClaim, oddityIn } from './silent-values.ts';
import { lintSplits } from './split-rules.ts';

/** Warns about one rule. */
export function lintRule(
  rule: MapValue,
  built: Rule,
  action: string,
  trustDomains: readonly string[],
  path: string,
  report: Reporter,
): void {
  if (report.wantsErrorsAlone) return;
  const all = valuesOf(rule, path);
  for (const { key, path: at, values } of all) {
    const odd = values.flatMap((value, i) => {
      const one = oddityIn(key, value.text, trustDomains);
      return one === undefined ? [] : [{ value, at: `${at}[${i}]`, ...one }];
    });
    for (const [first, ...more] of Map.groupBy(odd, ({ code }) => code).values()) {
      if (first === undefined) continue;
      const rest = more.length === 0 ? '' : `; so it is with ${more.length} more of this list`;
      report.warning(first.value, first.code, first.at, `${first.message}${rest}`, first.fix);
    }
  }
  lintKeys(rule, action, path, report);
  lintEmptyLists(rule, path, report);
  const why = contradictionIn(built.http);
  if (why !== undefined) {
    const message = `no request satisfies this rule, or one of its alternatives: ${why}`;
    report.warning(rule, 'rule-never-holds', path, message, 'correct it, or remove what can never be');
  }
  if (action === 'ALLOW') lintNegations(all, report);
  if (action === 'DENY' || action === 'CUSTOM') lintDeniedHosts(all, action, report);
  if (action === 'DENY') lintDeniedPaths(all, report);
  if (action === 'DENY') lintWidening(rule, built, all, path, report);
}

/** An empty list among others asks nothing, as if it were not there. */
function lintEmptyLists(rule: MapValue, path: string, report: Reporter): void {
  const parts = [
    ['from', 'source', sourceNames],
    ['to', 'operation', operationNames],
  ] as const;
  for (const [list, inner, names] of parts) {
    for (const [i, item] of (listAt(rule, list)?.items ?? []).entries())
      warnOfEmptyLists(mapAt(item, inner), names, `${path}.${list}[${i}].${inner}`, report);
  }
}

/** `["x"]`, as other languages write it. */
const QUOTED = /\[('[^']*'|"[^"]*"|`[^`]*`)\]/;
/** Names of headers, and Envoy's own such as `:path`. */
const HEADER_NAME = /^:?[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;

/** Keys that pass the webhook and that no rule can be made of. */
function lintKeys(rule: MapValue, action: string, path: string, report: Reporter): void {
  for (const [i, condition] of (listAt(rule, 'when')?.items ?? []).entries()) {
    const key = textAt(condition, 'key') ?? '';
    const place = fieldOf(condition, 'key') ?? condition;
    const dotted = dottedClaim(key);
    if (dotted !== undefined) report.warning(place, dotted.code, `${path}.when[${i}].key`, dotted.message, dotted.fix);
    const header = /^request\.headers\[(.*)\]$/s.exec(key)?.[1];
    const quoted = QUOTED.exec(key)?.[1];
    if (quoted !== undefined)
      report.warning(
        place,
        'key-quotes',
        `${path}.when[${i}].key`,
        `the quotes in ${key} are taken for a part of the name`,
        `write ${key.replace(QUOTED, `[${quoted.slice(1, -1)}]`)}`,
      );
    else if (header !== undefined && header !== '' && !HEADER_NAME.test(header))
      report.warning(
        place,
        'header-name',
        `${path}.when[${i}].key`,
        `no header can be called ${JSON.stringify(header)}: it is always absent`,
        'write one name, e.g. request.headers[x-token]',
      );
    const attribute = attributeOf(key);
    if (attribute === undefined || attribute.exprOf(['x'], { namespace: '', trustDomains: [] }) !== undefined) continue;
    const effect = action === 'ALLOW' ? 'the rule never holds' : 'the condition is left out, so the rule is wider';
    const message = `the name in ${JSON.stringify(key)} cannot be read: ${effect}`;
    report.warning(
      place,
      'key-unreadable',
      `${path}.when[${i}].key`,
      message,
      'write e.g. request.headers[x-token] or request.auth.claims[group]',
    );
  }
}

function lintNegations(all: readonly Values[], report: Reporter): void {
  for (const { negated, list, values, path } of all) {
    // Whoever excludes every value means its absence.
    if (!negated || values.every(({ text }) => text === '*')) continue;
    const message =
      'an ALLOW by what something is not also allows what nobody thought of, and requests where it is absent';
    report.warning(
      list,
      'negative-match-in-allow',
      path,
      message,
      'name what is allowed, or deny the exception in a DENY policy',
    );
  }
}

function lintDeniedPaths(all: readonly Values[], report: Reporter): void {
  for (const { key, negated, values, path } of all) {
    if (key !== 'operation.path' || negated) continue;
    const exact = values.findIndex(({ text }) => !text.includes('*') && text.startsWith('/'));
    if (exact < 0) continue;
    const value = values[exact]!;
    const message = `a DENY of exactly ${JSON.stringify(value.text)} misses other spellings that the application may take for the same`;
    report.warning(
      value,
      'exact-path-in-deny',
      `${path}[${exact}]`,
      message,
      'deny the prefix, or allow only the paths that are meant (ALLOW, or DENY with notPaths)',
    );
  }
}

/** On TCP a DENY loses its HTTP conditions and denies more. */
function lintWidening(rule: MapValue, built: Rule, all: readonly Values[], path: string, report: Reporter): void {
  if (built.tcp === undefined || alwaysHolds(built.http)) return;
  const httpOnly = all.some(({ key }) => attributeOf(key)?.httpOnly === true);
  const namesPort = all.some(({ key }) => key === 'destination.port');
  if (!httpOnly || (namesPort && !alwaysHolds(built.tcp))) return;
  const what = alwaysHolds(built.tcp) ? 'every connection' : 'more than it says';
  const message = `on TCP ports the HTTP conditions of this DENY do not count: it denies ${what} there`;
  report.hint(rule, 'deny-widens-on-tcp', path, message, 'name the HTTP ports in the rule');
}

/** Warns about rules in relation to each other. */
export function lintRules(built: readonly Rule[], rules: readonly Value[], action: string, report: Reporter): void {
  lintDuplicates(built, rules, report);
  lintShadowed(built, rules, report);
  lintSplits(rules, action, report);
}

function lintDuplicates(built: readonly Rule[], rules: readonly Value[], report: Reporter): void {
  if (built.length < 2) return;
  const seen = new Map<string, number>();
  for (const [i, { http, tcp }] of built.entries()) {
    const rule = rules[i];
    if (rule === undefined) continue;
    const path = `spec.rules[${i}]`;
    const text = JSON.stringify([http, tcp]);
    const same = seen.get(text);
    if (same === undefined) seen.set(text, i);
    else report.warning(rule, 'duplicate-rule', path, `the rule says the same as rule ${same}`, 'remove one of them');
  }
}

/** Of all rules beside one that holds for every request: one cause, told at the first of them. */
function lintShadowed(built: readonly Rule[], rules: readonly Value[], report: Reporter): void {
  const all = built.findIndex(({ http }) => alwaysHolds(http));
  const idle = built.flatMap(({ http }, i) => (all < 0 || alwaysHolds(http) ? [] : [i]));
  const [first] = idle;
  const rule = first === undefined ? undefined : rules[first];
  if (rule === undefined) return;
  const which = idle.length === 1 ? 'this rule changes nothing' : `rules ${idle.join(', ')} change nothing`;
  const message = `rule ${all} holds for every request, so ${which}`;
  report.warning(
    rule,
    'shadowed-rule',
    `spec.rules[${first}]`,
    message,
    `remove ${idle.length === 1 ? 'one of them' : `them, or rule ${all}`}`,
  );
}
