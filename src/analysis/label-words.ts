/**
 * Conditions over labels in words.
 * @module
 */
import { assertNever } from '../lib/assert-never.ts';
import type { LabelExpr } from '../policy/meaning/labels.ts';

/** Keys that Calico and we put beside a pod's own labels, as people call what they hold. */
const names: ReadonlyMap<string, string> = new Map([
  ['projectcalico.org/namespace', 'namespace'],
  ['projectcalico.org/name', 'namespace'],
  ['kubernetes.io/metadata.name', 'namespace'],
  ['pcns.projectcalico.org/name', 'namespace'],
  ['pcns.kubernetes.io/metadata.name', 'namespace'],
  ['projectcalico.org/serviceaccount', 'service account'],
  ['pcsa.projectcalico.org/name', 'service account'],
]);

/**
 * Writes a condition as a person would say it, after "must have".
 *
 * @param whose  before the keys, e.g. `label` for a pod's own
 */
export function labelWords(expr: LabelExpr, whose = 'label'): string {
  switch (expr.op) {
    case 'all':
    case 'any':
      return joined(expr.op, expr.of, whose);
    case 'not':
      return `not ${part(expr.of, whose)}`;
    case 'has':
      return expr.key.startsWith('service ') ? `a place behind Service ${expr.key.slice(8)}` : keyed(expr.key, whose);
    case 'in':
      if (expr.key === 'projectcalico.org/orchestrator') return 'a pod';
      return expr.values.length === 1
        ? `${keyed(expr.key, whose)}=${expr.values[0]}`
        : `${keyed(expr.key, whose)} in (${expr.values.join(', ')})`;
    case 'contains':
      return `${keyed(expr.key, whose)} with "${expr.text}" in it`;
    case 'startsWith':
      return `${keyed(expr.key, whose)} that starts with "${expr.text}"`;
    case 'endsWith':
      return `${keyed(expr.key, whose)} that ends with "${expr.text}"`;
    default:
      return assertNever(expr);
  }
}

function joined(op: 'all' | 'any', of: readonly LabelExpr[], whose: string): string {
  const [only, ...others] = of.filter((each) => !isPodOnly(each) || of.length === 1);
  if (only === undefined) return op === 'all' ? 'any labels' : 'labels that nothing has';
  if (others.length === 0) return labelWords(only, whose);
  return [only, ...others].map((each) => part(each, whose)).join(op === 'all' ? ' and ' : ' or ');
}

/** That it is a pod goes without saying, beside anything else. */
const isPodOnly = (expr: LabelExpr): boolean => expr.op === 'in' && expr.key === 'projectcalico.org/orchestrator';

function part(expr: LabelExpr, whose: string): string {
  const words = labelWords(expr, whose);
  return (expr.op === 'all' || expr.op === 'any') && / (and|or) /.test(words) ? `(${words})` : words;
}

function keyed(key: string, whose: string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  if (key.startsWith('pcns.')) return `namespace label ${key.slice(5)}`;
  return key.startsWith('pcsa.') ? `service account label ${key.slice(5)}` : `${whose} ${key}`;
}
