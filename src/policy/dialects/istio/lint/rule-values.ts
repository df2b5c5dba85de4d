/**
 * The lists of values of one rule, wherever they stand in it.
 * @module
 */
import { listAt, type MapValue, mapAt, type TextValue, textAt, textsAt, type Value } from '../../../documents/value.ts';
import { operationFields, type RuleField, sourceFields, writtenFields } from '../read/rule-shape.ts';

/** One list of values. */
export interface Values {
  readonly key: string;
  readonly negated: boolean;
  readonly path: string;
  readonly list: Value;
  readonly values: readonly TextValue[];
}

/** All lists of a rule that hold something. `path` names the rule. */
export function valuesOf(rule: MapValue, path: string): readonly Values[] {
  const found: Values[] = [];
  const parts = [
    ['from', 'source', sourceFields],
    ['to', 'operation', operationFields],
  ] as const;
  for (const [list, inner, fields] of parts) {
    for (const [i, item] of (listAt(rule, list)?.items ?? []).entries()) {
      addFields(mapAt(item, inner), fields, `${path}.${list}[${i}].${inner}`, found);
    }
  }
  for (const [i, condition] of (listAt(rule, 'when')?.items ?? []).entries()) {
    const key = textAt(condition, 'key') ?? '';
    addList(condition, key, 'values', false, `${path}.when[${i}]`, found);
    addList(condition, key, 'notValues', true, `${path}.when[${i}]`, found);
  }
  return found;
}

/** The lists of one source or operation. */
function addFields(content: Value | undefined, fields: readonly RuleField[], path: string, found: Values[]): void {
  for (const { name, not, key } of writtenFields(content, fields)) {
    addList(content, key, name, false, path, found);
    addList(content, key, not, true, path, found);
  }
}

function addList(
  of: Value | undefined,
  key: string,
  field: string,
  negated: boolean,
  path: string,
  found: Values[],
): void {
  const list = listAt(of, field);
  if (list === undefined || list.items.length === 0) return;
  found.push({ key, negated, path: `${path}.${field}`, list, values: textsAt(of, field) });
}
