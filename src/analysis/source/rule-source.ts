/**
 * Where a rule, and each of its clauses, stands in its file.
 *
 * A clause stands where leaving something out takes it away: the document is read again without one field after the other. So
 * this knows no policy language.
 * @module
 */
import type { Contribution, DialectOptions } from '../../policy/dialects/contribution.ts';
import type { Position } from '../../policy/documents/position.ts';
import type { MapValue, Value } from '../../policy/documents/value.ts';
import type { Atom } from '../../policy/model.ts';
import { type OpenDocument, pathToPlace, read, replaceAt, type ValuePath, valueAt } from './open-document.ts';

/** A rule in its document. */
export interface RuleSource {
  readonly document: OpenDocument;
  /** From the document's root. */
  readonly path: ValuePath;
}

/** The rule of an index; undefined if the document has none (any more). */
export function ruleSource(
  document: OpenDocument,
  index: number,
  direction: 'ingress' | 'egress' | undefined,
  options: DialectOptions,
): RuleSource | undefined {
  const contribution = read(document, options);
  const position = contribution && positionsOf(contribution, direction).find((rule) => rule.index === index)?.position;
  const path = position && pathToPlace(document.root, position);
  return path && { document, path };
}

interface Placed {
  readonly index: number;
  readonly position: Position;
}

function positionsOf(contribution: Contribution, direction: 'ingress' | 'egress' | undefined): readonly Placed[] {
  if (contribution.to === 'istio-rules') return contribution.policy.rules;
  if (contribution.to === 'tiers') return contribution.policy[direction ?? 'ingress'] ?? [];
  return [];
}

/** The field of a rule that makes a clause: its path from the document's root. */
export function clausePath({ document, path }: RuleSource, atom: Atom, options: DialectOptions): ValuePath | undefined {
  const [root, at] = narrowedTo(document.root, path);
  const rule = valueAt(root, at);
  if (rule === undefined) return undefined;
  const wanted = JSON.stringify(atom);
  const all = timesIn(read({ ...document, root }, options), wanted);
  if (all === 0) return undefined;
  const fields = fieldsOf(rule, []);
  const isList = (field: ValuePath): boolean => valueAt(rule, field)?.is === 'list';
  for (const field of [...fields.filter(isList), ...fields.filter((each) => !isList(each))]) {
    const without = replaceAt(root, [...at, ...field], () => undefined) as MapValue; // it stays a map
    if (timesIn(read({ ...document, root: without }, options), wanted) < all) return [...path, ...field];
  }
  return undefined;
}

/** The document with this rule alone in its list, so that reading it again and again is cheap; and where the rule is then. */
function narrowedTo(root: MapValue, path: ValuePath): readonly [root: MapValue, path: ValuePath] {
  const rule = valueAt(root, path);
  if (rule === undefined || typeof path.at(-1) !== 'number') return [root, path];
  const list = path.slice(0, -1);
  const alone = replaceAt(root, list, (value) => (value.is === 'list' ? { ...value, items: [rule] } : value));
  return [alone as MapValue, [...list, 0]]; // it stays a map
}

/** Paths of the fields beneath: scalars, and lists that go no deeper than maps of scalars. */
function fieldsOf(value: Value, path: ValuePath): ValuePath[] {
  if (value.is === 'map')
    return [...value.entries].flatMap(([key, entry]) =>
      isField(entry.value) ? [[...path, key]] : fieldsOf(entry.value, [...path, key]),
    );
  return value.is === 'list' ? value.items.flatMap((item, i) => fieldsOf(item, [...path, i])) : [];
}

function isField(value: Value): boolean {
  if (value.is === 'map') return false;
  if (value.is !== 'list') return true;
  return value.items.every(
    (item) =>
      isScalar(item) || (item.is === 'map' && [...item.entries.values()].every((entry) => isScalar(entry.value))),
  );
}

const isScalar = (value: Value): boolean => value.is !== 'map' && value.is !== 'list';

/** How often a plain value stands somewhere in another. */
function timesIn(value: unknown, wanted: string): number {
  if (typeof value !== 'object' || value === null) return 0;
  const here = JSON.stringify(value) === wanted ? 1 : 0;
  return Object.values(value).reduce((sum: number, each: unknown) => sum + timesIn(each, wanted), here);
}
