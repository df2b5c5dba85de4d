/**
 * Small edits of a YAML document that leave every other byte of its file alone.
 * @module
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Chunk } from '../../policy/documents/yaml/split.ts';
import type { ValuePath } from '../source/open-document.ts';

/** Replaces what stands from `start` to `end` of a chunk. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A chunk, with the places of its nodes. */
export interface EditableChunk {
  readonly text: string;
  readonly top: Node | null;
}

/** Opens a chunk that was read before: it has no errors. */
export function editable({ text }: Chunk): EditableChunk {
  return { text, top: parseDocument(text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' }).contents };
}

/** Whether something in it is written once and meant in several places. */
export function hasAliases({ top }: EditableChunk): boolean {
  let found = false;
  visit(top, (_, node) => {
    found ||= isAlias(node);
    return found ? visit.BREAK : undefined;
  });
  return found;
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let out = text;
  for (const { start, end, text: by } of edits.toSorted((a, b) => b.start - a.start))
    out = out.slice(0, start) + by + out.slice(end);
  return out;
}

/** Puts an item into the list at a path, before the one that has this index now; at the end without one. */
export function insertItem(chunk: EditableChunk, path: ValuePath, text: string, before?: number): Edit | undefined {
  const list = nodeAt(chunk.top, path);
  if (!isSeq(list) || !list.range) return undefined;
  const items = list.items as Node[]; // failsafe schema: items are nodes
  const item = likeOthers(text, items);
  if (list.flow === true) {
    const next = before === undefined ? undefined : items[before]?.range?.[0];
    if (next !== undefined) return { start: next, end: next, text: `${item}, ` };
    const last = items.at(-1)?.range;
    const at = last ? last[1] : list.range[0] + 1;
    return { start: at, end: at, text: last ? `, ${item}` : item };
  }
  const first = items[0]?.range;
  const last = items.at(-1)?.range;
  if (!first || !last) return undefined;
  const dash = chunk.text.lastIndexOf('-', first[0] - 1);
  const indent = ' '.repeat(dash - lineStart(chunk.text, dash));
  const next = before === undefined ? undefined : items[before]?.range?.[0];
  if (next !== undefined) {
    const at = chunk.text.lastIndexOf('-', next - 1);
    return { start: at, end: at, text: `- ${item}\n${indent}` };
  }
  const at = lineEnd(chunk.text, trimmedEnd(chunk.text, last[1]));
  return { start: at, end: at, text: `\n${indent}- ${item}` };
}

/** In quotes where the others are. */
function likeOthers(text: string, others: readonly Node[]): string {
  const quoted = others.length > 0 && others.every((node) => isScalar(node) && node.type === 'QUOTE_DOUBLE');
  return quoted && /^[A-Za-z/]/.test(text) ? JSON.stringify(text) : text;
}

/** Takes an item out of a list that has others. */
export function removeItem(chunk: EditableChunk, path: ValuePath, index: number): Edit | undefined {
  const list = nodeAt(chunk.top, path);
  if (!isSeq(list) || list.items.length < 2) return undefined;
  const items = list.items as Node[]; // failsafe schema: items are nodes
  const range = items[index]?.range;
  if (!range) return undefined;
  if (list.flow === true) return withoutFlowItem(chunk.text, list, items, index);
  return withoutLines(chunk.text, list, items[index]!); // it has a range
}

/** The lines of a block item: from its dash to where it says something last; comments behind it are not its own. */
function withoutLines(text: string, list: YAMLSeq, item: Node): Edit | undefined {
  const start = dashLine(text, list.range?.[0] ?? 0, item.range?.[0] ?? 0);
  if (start === undefined) return undefined;
  return { start, end: nextLine(text, trimmedEnd(text, contentEnd(item))), text: '' };
}

/** Start of the line with the dash of an item; comments may stand between the dash and the item. */
function dashLine(text: string, listStart: number, itemStart: number): number | undefined {
  const indent = listStart - lineStart(text, listStart);
  for (let at = lineStart(text, itemStart); at >= lineStart(text, listStart); at = lineStart(text, at - 1)) {
    if (/^ *-(?:\s|$)/.test(text.slice(at, at + indent + 2)) && text[at + indent] === '-') return at;
    if (at === 0) break;
  }
  return undefined;
}

/** Where a node says something last: a block collection's own range goes on over the comments behind it. */
function contentEnd(node: Node): number {
  const end = node.range?.[1] ?? 0;
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    const value = last?.value as Node | null | undefined; // failsafe schema: keys and values are nodes
    return value?.range ? Math.max(contentEnd(value), keyEnd(last)) : keyEnd(last) || end;
  }
  const last = isSeq(node) && node.flow !== true ? (node.items.at(-1) as Node | undefined) : undefined;
  return last === undefined ? end : contentEnd(last);
}

const keyEnd = (pair: Pair | undefined): number => (pair?.key as Node | undefined)?.range?.[1] ?? 0; // as above

/** Makes a list of one item an empty one. */
export function emptyList(chunk: EditableChunk, path: ValuePath): readonly Edit[] | undefined {
  const map = nodeAt(chunk.top, path.slice(0, -1));
  const pair = isMap(map) ? map.items.findLast((each) => keyOf(each) === path.at(-1)) : undefined;
  const key = (pair?.key as Node | undefined)?.range; // failsafe schema: keys and values are nodes
  const list = pair?.value;
  if (!key || !isSeq(list) || list.items.length !== 1 || !list.range) return undefined;
  if (list.flow === true) return [{ start: list.range[0], end: list.range[1], text: '[]' }];
  const colon = chunk.text.indexOf(':', key[1]);
  const lines = withoutLines(chunk.text, list, list.items[0] as Node); // failsafe schema: items are nodes
  return colon < 0 || lines === undefined ? undefined : [{ start: colon + 1, end: colon + 1, text: ' []' }, lines];
}

function withoutFlowItem(text: string, list: YAMLSeq, items: readonly Node[], index: number): Edit | undefined {
  const own = items[index]?.range;
  const next = items[index + 1]?.range;
  const previous = items[index - 1]?.range;
  if (!own || !list.range) return undefined;
  const [start, end] = [previous && !next ? previous[1] : own[0], next ? next[0] : own[1]];
  if (!next && !previous) return undefined;
  const around = text.slice(start, own[0]) + text.slice(own[1], end);
  if (!around.includes('#')) return { start, end, text: '' };
  const comma = text.indexOf(',', own[1]); // comments around it are not its own; a comma may stand at the end of a list
  return { start: own[0], end: next && comma < end ? comma + 1 : own[1], text: '' };
}

/** Takes a field out of a map that has others. */
export function removeField(chunk: EditableChunk, path: ValuePath): Edit | undefined {
  const map = nodeAt(chunk.top, path.slice(0, -1));
  if (!isMap(map) || map.items.length < 2) return undefined;
  const index = map.items.findIndex((pair) => keyOf(pair) === path.at(-1));
  const [own, next, previous] = [map.items[index], map.items[index + 1], map.items[index - 1]].map(rangeOfPair);
  if (!own) return undefined;
  if (next) return { start: own[0], end: next[0], text: '' };
  if (!previous) return undefined;
  if (map.flow === true) return { start: previous[1], end: own[1], text: '' };
  return { start: lineStart(chunk.text, own[0]), end: nextLine(chunk.text, trimmedEnd(chunk.text, own[1])), text: '' };
}

/** Adds a field to the map at a path; `value` is written as it stands. */
export function addField(chunk: EditableChunk, path: ValuePath, key: string, value: string): Edit | undefined {
  const map = nodeAt(chunk.top, path);
  if (!isMap(map) || !map.range) return undefined;
  const last = rangeOfPair(map.items.at(-1));
  if (map.flow === true) {
    const at = last ? last[1] : map.range[0] + 1;
    return { start: at, end: at, text: last ? `, ${key}: ${value}` : ` ${key}: ${value} ` };
  }
  const first = rangeOfPair(map.items[0]);
  if (!first || !last) return undefined;
  const indent = ' '.repeat(first[0] - lineStart(chunk.text, first[0]));
  const at = lineEnd(chunk.text, trimmedEnd(chunk.text, last[1]));
  return { start: at, end: at, text: `\n${indent}${key}: ${value}` };
}

/** Writes another scalar in place of the one at a path. */
export function setScalar(chunk: EditableChunk, path: ValuePath, value: string): Edit | undefined {
  const node = nodeAt(chunk.top, path);
  if (!isScalar(node) || !node.range) return undefined;
  return { start: node.range[0], end: node.range[1], text: value };
}

/** A text as a YAML scalar, in quotes unless it is plainly a text. */
export function scalar(text: string): string {
  return /^[A-Za-z/][A-Za-z0-9/_.-]*$/.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

function nodeAt(top: Node | null, path: ValuePath): Node | undefined {
  let node: Node | null | undefined = top;
  for (const step of path) {
    if (isMap(node)) node = node.items.findLast((pair) => keyOf(pair) === step)?.value as Node | null | undefined;
    else if (isSeq(node) && typeof step === 'number') node = node.items[step] as Node | undefined;
    else return undefined; // behind an alias: what is shared is not changed for one
  }
  return node ?? undefined;
}

type MapPair = YAMLMap['items'][number];

function keyOf({ key }: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

function rangeOfPair(pair: MapPair | undefined): readonly [start: number, end: number] | undefined {
  const key = (pair?.key as Node | undefined)?.range; // failsafe schema: keys and values are nodes
  if (!key) return undefined;
  const value = pair?.value as Node | null | undefined;
  return [key[0], value?.range ? Math.max(contentEnd(value), key[1]) : key[1]];
}

const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline < 0 ? text.length : newline;
}

const nextLine = (text: string, at: number): number => Math.min(lineEnd(text, at) + 1, text.length);

/** A block collection ends behind its last line break: back to the last character that says something. */
function trimmedEnd(text: string, end: number): number {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1]!)) at--;
  return at;
}
