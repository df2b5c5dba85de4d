/**
 * Values of a document, each with the place where it was written.
 * @module
 */
import type { Place } from './finding.ts';

/** A value as Kubernetes' reader sees it. Values that aliases repeat are shared, not copied. */
export type Value = MapValue | ListValue | TextValue | NumberValue | BooleanValue | NullValue;

interface Placed extends Place {
  /** How many values this is when every alias is written out. */
  readonly size: number;
}

export interface MapValue extends Placed {
  readonly is: 'map';
  /** In the order of the document; of a repeated key the last. */
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Where the key stands. */
  readonly key: Place;
  readonly value: Value;
}

export interface ListValue extends Placed {
  readonly is: 'list';
  readonly items: readonly Value[];
}

export interface TextValue extends Placed {
  readonly is: 'text';
  readonly text: string;
}

interface NumberValue extends Placed {
  readonly is: 'number';
  /** As Kubernetes writes it out: `0x10` is `16`. */
  readonly text: string;
  readonly integer: boolean;
}

interface BooleanValue extends Placed {
  readonly is: 'boolean';
  readonly value: boolean;
  /** As it was written, e.g. `yes`. */
  readonly written: string;
}

interface NullValue extends Placed {
  readonly is: 'null';
}

/** The value of a field, or undefined if `of` is no map or has no such field. */
export function fieldOf(of: Value | undefined, name: string): Value | undefined {
  return of?.is === 'map' ? of.entries.get(name)?.value : undefined;
}

/** The map at a field, or undefined. */
export function mapAt(of: Value | undefined, name: string): MapValue | undefined {
  const value = fieldOf(of, name);
  return value?.is === 'map' ? value : undefined;
}

/** The list at a field, or undefined. */
export function listAt(of: Value | undefined, name: string): ListValue | undefined {
  const value = fieldOf(of, name);
  return value?.is === 'list' ? value : undefined;
}

/** The text at a field, or undefined. */
export function textAt(of: Value | undefined, name: string): string | undefined {
  const value = fieldOf(of, name);
  return value?.is === 'text' ? value.text : undefined;
}

/** The texts of the list at a field; elements of another type are left out (the shape check has named them). */
export function textsAt(of: Value | undefined, name: string): readonly TextValue[] {
  return (listAt(of, name)?.items ?? []).filter((item) => item.is === 'text');
}

/** What a value is, in a sentence. */
export function describe(value: Value): string {
  switch (value.is) {
    case 'text':
      return `the text ${JSON.stringify(value.text.length > 60 ? `${value.text.slice(0, 57)}...` : value.text)}`;
    case 'number':
      return `the number ${value.text}`;
    case 'boolean':
      return /^(true|false)$/i.test(value.written)
        ? `the boolean ${value.written}`
        : `the boolean ${String(value.value)} (unquoted ${value.written} is a boolean in Kubernetes' YAML)`;
    case 'null':
      return 'null';
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
  }
}
