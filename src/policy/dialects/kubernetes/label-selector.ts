/**
 * Kubernetes label selectors (matchLabels, matchExpressions) → LabelExpr.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import { checkLabel, checkLabelKey, checkLabelValue } from '../../documents/metadata.ts';
import { listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt } from '../../documents/value.ts';
import type { LabelExpr } from '../../meaning/labels.ts';

/** The shape of a Kubernetes LabelSelector. */
export const labelSelectorShape: Shape = object({
  matchLabels: { is: 'map', of: text },
  matchExpressions: listOf(
    object(
      { key: text, operator: { is: 'text', oneOf: ['In', 'NotIn', 'Exists', 'DoesNotExist'] }, values: listOf(text) },
      ['key', 'operator'],
    ),
  ),
});

/** Reads a selector; the empty one holds for everything. */
export function readLabelSelector(selector: MapValue, path: string, report: Reporter): LabelExpr {
  const of: LabelExpr[] = [];
  for (const [key, { value }] of mapAt(selector, 'matchLabels')?.entries ?? []) {
    if (value.is !== 'text') continue;
    checkLabel(key, value.text, value, `${path}.matchLabels`, report);
    of.push({ op: 'in', key, values: [value.text] });
  }
  for (const [i, item] of (listAt(selector, 'matchExpressions')?.items ?? []).entries()) {
    if (item.is === 'map') of.push(readRequirement(item, `${path}.matchExpressions[${i}]`, report));
  }
  return { op: 'all', of };
}

function readRequirement(item: MapValue, path: string, report: Reporter): LabelExpr {
  const key = textAt(item, 'key') ?? '';
  const operator = textAt(item, 'operator');
  checkLabelKey(key, fieldOf(item, 'key') ?? item, `${path}.key`, report);
  for (const [i, value] of textsAt(item, 'values').entries())
    checkLabelValue(value.text, value, `${path}.values[${i}]`, report);
  const values = textsAt(item, 'values').map((value) => value.text);
  const wantsValues = operator === 'In' || operator === 'NotIn';
  if (wantsValues !== values.length > 0) {
    const message = wantsValues ? `${operator} needs values` : `${operator} takes no values`;
    report.error(
      fieldOf(item, 'values') ?? item,
      'selector-values',
      `${path}.values`,
      message,
      wantsValues ? 'add values' : 'remove values',
    );
  }
  const expr: LabelExpr = wantsValues ? { op: 'in', key, values } : { op: 'has', key };
  return operator === 'NotIn' || operator === 'DoesNotExist' ? { op: 'not', of: expr } : expr;
}
