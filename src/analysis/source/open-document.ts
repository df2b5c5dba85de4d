/**
 * A policy document as it stands in its file, opened so that parts of it can be found, left out and read again.
 * @module
 */
import type { Contribution, DialectOptions, KindReader } from '../../policy/dialects/contribution.ts';
import { policyKinds } from '../../policy/dialects/table.ts';
import { readEnvelope, readType } from '../../policy/documents/envelope.ts';
import { createReporter, type Place, type Reporter } from '../../policy/documents/finding.ts';
import { listAt, type MapValue, type Value } from '../../policy/documents/value.ts';
import { parseChunk } from '../../policy/documents/yaml/parse.ts';
import { type Chunk, splitDocuments } from '../../policy/documents/yaml/split.ts';
import type { PolicyRef } from '../../policy/model.ts';

/** Names a value inside a chunk: keys of maps and indices of lists. */
export type ValuePath = readonly (string | number)[];

/** A document with its source text, ready to be edited. */
export interface OpenDocument {
  readonly file: string;
  readonly chunk: Chunk;
  readonly root: MapValue;
  /** Where `root` stands in its chunk; empty unless it is an item of a List. */
  readonly path: ValuePath;
  readonly reader: KindReader;
  /** Its namespace, which it need not name itself. */
  readonly namespace: string;
}

/** Finds the document of a policy in the text of its file; undefined if it is not there, or cannot be read. */
export function openDocument(file: string, text: string, ref: PolicyRef): OpenDocument | undefined {
  const report = createReporter(file);
  for (const chunk of splitDocuments(text).chunks) {
    if (!chunk.text.includes(ref.name)) continue;
    const top = parseChunk(chunk, report);
    if (top === undefined) continue;
    const found = find(top, [], { file, chunk, ref, report });
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Search {
  readonly file: string;
  readonly chunk: Chunk;
  readonly ref: PolicyRef;
  readonly report: Reporter;
}

function find(value: Value, path: ValuePath, search: Search): OpenDocument | undefined {
  if (value.is !== 'map') return undefined;
  const items = listAt(value, 'items');
  if (items !== undefined) {
    for (const [i, item] of items.items.entries()) {
      const found = find(item, [...path, 'items', i], search);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const { file, chunk, ref, report } = search;
  const type = readType(value, report);
  const reader = type && policyKinds.readerOf(type.group, type.kind);
  if (type === undefined || reader === undefined) return undefined;
  const { namespace } = ref;
  const document = readEnvelope(value, type, reader, namespace, report);
  const isIt =
    reader.dialect === ref.dialect &&
    document.kind === ref.kind &&
    document.name === ref.name &&
    document.namespace === namespace;
  return isIt ? { file, chunk, root: value, path, reader, namespace } : undefined;
}

/** What the document says, with `root` in place of its own; its findings are dropped. */
export function read(
  { file, root, reader, namespace }: OpenDocument,
  options: DialectOptions,
): Contribution | undefined {
  const report = createReporter(file);
  const type = readType(root, report);
  const document = type && readEnvelope(root, type, reader, namespace, report);
  return document && reader.read(document, options, report);
}

/** The path from `from` to the map or list that starts at a place; undefined if there is none. */
export function pathToPlace(from: Value, place: Place): ValuePath | undefined {
  if (from.is !== 'map' && from.is !== 'list') return undefined;
  if (from.line === place.line && from.column === place.column && from.is === 'map') return [];
  const children: [string | number, Value][] =
    from.is === 'list' ? [...from.items.entries()] : [...from.entries].map(([key, { value }]) => [key, value]);
  for (const [step, child] of children) {
    const rest = pathToPlace(child, place);
    if (rest !== undefined) return [step, ...rest];
  }
  return undefined;
}

/** The value at a path. */
export function valueAt(from: Value, path: ValuePath): Value | undefined {
  let value: Value | undefined = from;
  for (const step of path) {
    if (value?.is === 'list' && typeof step === 'number') value = value.items[step];
    else if (value?.is === 'map' && typeof step === 'string') value = value.entries.get(step)?.value;
    else return undefined;
  }
  return value;
}

/** The same value with `change` applied to what stands at a path; a change to undefined leaves it out. */
export function replaceAt(from: Value, path: ValuePath, change: (value: Value) => Value | undefined): Value {
  const [step, ...rest] = path;
  if (step === undefined) return change(from) ?? from;
  if (from.is === 'list' && typeof step === 'number') {
    const item = from.items[step];
    if (item === undefined) return from;
    const changed = rest.length === 0 ? change(item) : replaceAt(item, rest, change);
    return { ...from, items: from.items.flatMap((each, i) => (i === step ? (changed ?? []) : [each])) };
  }
  if (from.is === 'map' && typeof step === 'string') {
    const entry = from.entries.get(step);
    if (entry === undefined) return from;
    const changed = rest.length === 0 ? change(entry.value) : replaceAt(entry.value, rest, change);
    const entries = new Map(from.entries);
    if (changed === undefined) entries.delete(step);
    else entries.set(step, { ...entry, value: changed });
    return { ...from, entries };
  }
  return from;
}
