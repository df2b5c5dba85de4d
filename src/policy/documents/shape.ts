/**
 * Checks a value against the shape that a kind's schema asks for: types, known fields, limits.
 * What Kubernetes' API server would check before the meaning is read.
 * @module
 */

import { nearest } from '../../lib/nearest.ts';
import type { Reporter } from './finding.ts';
import { describe, type Entry, type ListValue, type MapValue, type TextValue, type Value } from './value.ts';

/** What a value of a document must look like. */
export type Shape = TextShape | BooleanShape | NumberShape | ListShape | MapShape | ObjectShape | AnyShape;

export interface TextShape {
  readonly is: 'text';
  readonly oneOf?: readonly string[];
  readonly min?: number;
  /** Bytes of UTF-8. */
  readonly max?: number;
  /** Matched against the whole text. Ours, never a user's. */
  readonly pattern?: RegExp;
}
interface BooleanShape {
  readonly is: 'boolean';
}
/** An integer, or with `orText` also a text. */
interface NumberShape {
  readonly is: 'number';
  readonly orText?: boolean;
  /** Need not be an integer. */
  readonly fraction?: boolean;
}
export interface ListShape {
  readonly is: 'list';
  readonly of: Shape;
  readonly min?: number;
  readonly max?: number;
  /** The most that the API server of a cluster takes. */
  readonly clusterMax?: number;
}
/** Any keys, values of one shape. */
interface MapShape {
  readonly is: 'map';
  readonly of: Shape;
  readonly min?: number;
  readonly max?: number;
}
export interface ObjectShape {
  readonly is: 'object';
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  /** How many of its fields may be set, at least and at most. */
  readonly set?: { readonly min: number; readonly max?: number };
}
/** Not looked at. */
export interface AnyShape {
  readonly is: 'anything';
}

export const text: TextShape = { is: 'text' };
export const anything: AnyShape = { is: 'anything' };
export const listOf = (of: Shape, max?: number): ListShape => ({
  is: 'list',
  of,
  ...(max === undefined ? {} : { max }),
});
/** A list of at least one. */
export const someOf = (of: Shape, max?: number): ListShape => ({ ...listOf(of, max), min: 1 });
export const listForClusters = (of: Shape, clusterMax: number): ListShape => ({ is: 'list', of, clusterMax });
export const object = (fields: Readonly<Record<string, Shape>>, required: readonly string[] = []): ObjectShape => ({
  is: 'object',
  fields,
  required,
});

/** An object of which exactly one field is set. */
export const oneOf = (fields: Readonly<Record<string, Shape>>): ObjectShape => ({
  is: 'object',
  fields,
  set: { min: 1, max: 1 },
});

/** Reports everything about `value` that does not fit `shape`. `path` names it, e.g. `spec`. */
export function checkShape(value: Value, shape: Shape, path: string, report: Reporter): void {
  if (shape.is === 'anything') return;
  const want = shape.is === 'object' ? 'map' : shape.is;
  const fits = value.is === want || (shape.is === 'number' && shape.orText === true && value.is === 'text');
  if (!fits) {
    report.error(
      value,
      'type',
      path,
      `${path} must be ${article[want]}, not ${describe(value)}`,
      fixOfType(value, want),
    );
    return;
  }
  if (shape.is === 'text' && value.is === 'text') checkText(value, shape, path, report);
  else if (shape.is === 'list' && value.is === 'list') checkList(value, shape, path, report);
  else if (shape.is === 'map' && value.is === 'map') checkMap(value, shape, path, report);
  else if (shape.is === 'object' && value.is === 'map') checkObject(value, shape, path, report);
  else if (value.is === 'number' && !Number.isFinite(Number(value.text)))
    report.error(
      value,
      'type',
      path,
      `${path} must be a number, not ${value.text}, which JSON cannot say`,
      'write a number',
    );
  else if (value.is === 'number' && !value.integer && !(shape.is === 'number' && shape.fraction)) {
    report.error(value, 'type', path, `${path} must be an integer, not ${describe(value)}`, 'write an integer');
  }
}

const article = { text: 'a text', list: 'a list', map: 'a map', boolean: 'true or false', number: 'a number' } as const;

function fixOfType(value: Value, want: keyof typeof article): string {
  if (value.is === 'null') return 'give it a value or leave the field out';
  if (want === 'text' && value.is === 'number') return `write it in quotes: "${value.text}"`;
  if (want === 'text' && value.is === 'boolean') return `write it in quotes: "${value.written}"`;
  if (want === 'list' && value.is === 'text') return `write a list: [${JSON.stringify(value.text)}]`;
  return `write ${article[want]}`;
}

function checkText(value: TextValue, shape: TextShape, path: string, report: Reporter): void {
  const shown = JSON.stringify(value.text);
  if (shape.oneOf !== undefined && !shape.oneOf.includes(value.text)) {
    const near = nearest(value.text, shape.oneOf);
    const fix = near === undefined ? `write one of ${shape.oneOf.join(', ')}` : `did you mean ${near}?`;
    report.error(value, 'enum', path, `${path} is ${shown}; it must be one of ${shape.oneOf.join(', ')}`, fix);
    return;
  }
  const bytes = shape.max === undefined ? 0 : Buffer.byteLength(value.text);
  if (shape.max !== undefined && bytes > shape.max) {
    report.error(value, 'too-long', path, `${path} has ${bytes} bytes; at most ${shape.max} are allowed`, 'shorten it');
  }
  if (shape.min !== undefined && value.text.length < shape.min) {
    report.error(value, 'empty-value', path, `${path} is empty`, 'give it a value or leave the field out');
  } else if (shape.pattern !== undefined && !shape.pattern.test(value.text)) {
    report.error(
      value,
      'pattern',
      path,
      `${path} is ${shown}, which does not match ${shape.pattern.source}`,
      'write it in that form',
    );
  }
}

function checkList(value: ListValue, shape: ListShape, path: string, report: Reporter): void {
  const count = value.items.length;
  if (count < (shape.min ?? 0))
    report.error(
      value,
      'too-few',
      path,
      `${path} has nothing in it`,
      'add what is meant, or leave out what it belongs to',
    );
  if (shape.max !== undefined && count > shape.max) tooMany(value, count, shape.max, path, report);
  if (shape.clusterMax !== undefined && count > shape.clusterMax)
    longList(value, count, shape.clusterMax, path, report);
  for (const [i, item] of value.items.entries()) checkShape(item, shape.of, `${path}[${i}]`, report);
}

function checkMap(value: MapValue, shape: MapShape, path: string, report: Reporter): void {
  const count = value.entries.size;
  if (shape.max !== undefined && count > shape.max) tooMany(value, count, shape.max, path, report);
  if (shape.min !== undefined && count < shape.min) {
    report.error(
      value,
      'too-few',
      path,
      `${path} needs at least ${shape.min} entry`,
      'add one, or leave the field out',
    );
  }
  for (const [key, entry] of value.entries) checkShape(entry.value, shape.of, `${path}.${key}`, report);
}

function checkObject(value: MapValue, shape: ObjectShape, path: string, report: Reporter): void {
  for (const [key, entry] of value.entries) {
    const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
    const fieldPath = path === '' ? key : `${path}.${key}`;
    if (field === undefined) unknownField(key, entry, shape, fieldPath, report);
    else checkShape(entry.value, field, fieldPath, report);
  }
  if (shape.set !== undefined) checkSet(value, shape.set, shape, path, report);
  for (const name of shape.required ?? []) {
    if (value.entries.has(name)) continue;
    report.error(value, 'field-missing', `${path}.${name}`, `${path} has no ${name}`, `add ${name}`);
  }
}

function checkSet(
  value: MapValue,
  { min, max = Infinity }: NonNullable<ObjectShape['set']>,
  { fields }: ObjectShape,
  path: string,
  report: Reporter,
): void {
  const count = value.entries.size;
  if (count >= min && count <= max) return;
  const names = Object.keys(fields).join(', ');
  const wanted = min === max ? 'exactly one' : 'at least one';
  const [code, fix] =
    count < min ? (['too-few', 'add one'] as const) : (['too-many', 'write one element for each'] as const);
  report.error(value, code, path, `${path} has ${count} fields; it is ${wanted} of ${names}`, fix);
}

function unknownField(key: string, entry: Entry, shape: ObjectShape, path: string, report: Reporter): void {
  const known = Object.keys(shape.fields);
  const near = nearest(key, known);
  const fix = near === undefined ? `known fields here: ${known.join(', ')}` : `did you mean ${near}?`;
  report.error(entry.key, 'unknown-field', path, `there is no field ${JSON.stringify(key)} here`, fix);
}

/** A list that means the same however long it is. */
function longList(value: Value, count: number, most: number, path: string, report: Reporter): void {
  report.forClusters(
    value,
    'too-many',
    path,
    `${path} has ${count} elements; a cluster takes at most ${most}`,
    'split the policy',
  );
}

function tooMany(value: Value, count: number, most: number, path: string, report: Reporter): void {
  report.error(
    value,
    'too-many',
    path,
    `${path} has ${count} elements; at most ${most} are allowed`,
    'split the policy',
  );
}
