/**
 * Parses the text of one document into placed values, as Kubernetes' reader understands YAML.
 * JSON is YAML too.
 * @module
 */

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  Scalar,
  type YAMLMap,
} from 'yaml';
import type { FindingCode } from '../codes/finding-codes.ts';
import type { Place, Reporter } from '../finding.ts';
import type { Entry, Value } from '../value.ts';
import { findMisindented, type Misindented } from './indentation.ts';
import { resolvePlain } from './scalar.ts';
import type { Chunk } from './split.ts';
import { reportOddBreak, reportSyntax } from './syntax-errors.ts';
import { looksLikeJson, readUsualJson } from './usual-json.ts';
import { readUsualYaml } from './usual-yaml.ts';

/** A cluster's own store takes no larger document. */
const CLUSTER_CHARACTERS = 1.5 * 1024 * 1024;
const MAX_DEPTH = 100;
/** Values with every alias written out. */
const MAX_VALUES = 200_000;

/** What aborts a document: its finding has been reported. */
class Abandoned extends Error {}

interface Walk {
  readonly report: Reporter;
  readonly chunk: Chunk;
  readonly lines: LineCounter;
  readonly anchors: Map<string, Value | 'open'>;
}

/** Reads one chunk; undefined if it cannot be read (the findings say why). Throws nothing. */
export function parseChunk(chunk: Chunk, report: Reporter): Value | undefined {
  const whole: Place = { line: chunk.line, column: 1 };
  if (chunk.text.length > CLUSTER_CHARACTERS) {
    const message = 'the document is larger than the 1.5 MiB that a cluster takes';
    const weight = report.forClusters(whole, 'document-too-large', '', message, 'split it into several documents');
    if (weight === 'error') return undefined;
  }
  if (reportOddBreak(chunk, report)) return undefined;
  const usual = looksLikeJson(chunk.text) ? readUsualJson(chunk) : readUsualYaml(chunk);
  return usual === undefined ? parseFully(chunk, report) : withinSize(usual, report);
}

/**
 * Reads one chunk by the full parser; undefined if it cannot be read.
 *
 * @internal  exported for the test that holds the quick reader to it
 */
export function parseFully(chunk: Chunk, report: Reporter): Value | undefined {
  const whole: Place = { line: chunk.line, column: 1 };
  if (deepestBracket(chunk.text) > MAX_DEPTH) return tooDeep(whole, report);
  try {
    return parse(chunk, report);
  } catch (thrown) {
    if (thrown instanceof Abandoned) return undefined;
    if (thrown instanceof RangeError) return tooDeep(whole, report);
    report.error(whole, 'yaml-syntax', '', `the document cannot be read: ${String(thrown)}`, 'write it as plain YAML');
    return undefined;
  }
}

function parse(chunk: Chunk, report: Reporter): Value | undefined {
  const lines = new LineCounter();
  const document = withoutStackTraces(() =>
    parseDocument(chunk.text, {
      schema: 'failsafe',
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    }),
  );
  const walk: Walk = { report, chunk, lines, anchors: new Map() };
  const misindented = document.errors.length > 0 ? findMisindented(chunk.text) : undefined;
  if (misindented !== undefined) {
    reportIndentation(misindented, chunk, report);
    return undefined;
  }
  reportSyntax(document.errors, chunk, (offset) => placeAt(walk, offset), report);
  if (document.errors.length > 0 || document.contents === null) return undefined;
  return withinSize(valueAt(walk, document.contents, 0), report);
}

/** One error instead of the many that a line in the wrong column makes. */
function reportIndentation(found: Misindented, chunk: Chunk, report: Reporter): void {
  const { key, line, column, wantedColumn, besideLine } = found;
  const beside = besideLine + chunk.line - 1;
  report.error(
    { line: line + chunk.line - 1, column },
    'indentation',
    '',
    `${JSON.stringify(key)} begins at column ${column}, beside nothing: what it belongs beside begins at column ${wantedColumn} (line ${beside})`,
    `begin this line, and those below that go with it, at column ${wantedColumn}`,
  );
}

function withinSize(value: Value, report: Reporter): Value | undefined {
  if (value.size > MAX_VALUES) {
    report.error(
      value,
      'alias-expansion',
      '',
      'the aliases of the document write out to too many values',
      'use fewer aliases',
    );
    return undefined;
  }
  return value;
}

/** Garbage makes an error for every other character, and most of its cost would be unused stack traces. */
function withoutStackTraces<T>(parseIt: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return parseIt();
  } finally {
    Error.stackTraceLimit = before;
  }
}

function tooDeep(place: Place, report: Reporter): undefined {
  report.error(place, 'nesting-too-deep', '', `the document nests deeper than ${MAX_DEPTH} levels`, 'nest less deeply');
  return undefined;
}

/** The deepest nesting that brackets can make; those in texts and comments count too, which only ever overstates it. */
function deepestBracket(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if ((code === 0x5d || code === 0x7d) && depth > 0) depth--;
  }
  return deepest;
}

function placeAt(walk: Walk, offset: number): Place {
  const { line, col } = walk.lines.linePos(offset);
  return { line: walk.chunk.line + Math.max(line, 1) - 1, column: Math.max(col, 1) };
}

function abandon(walk: Walk, place: Place, code: FindingCode, message: string, fix: string): never {
  walk.report.error(place, code, '', message, fix);
  throw new Abandoned();
}

function valueAt(walk: Walk, node: Node | ParsedNode | null, depth: number, at?: Place): Value {
  const place = node?.range ? placeAt(walk, node.range[0]) : (at ?? { line: walk.chunk.line, column: 1 });
  if (depth > MAX_DEPTH)
    abandon(walk, place, 'nesting-too-deep', `deeper than ${MAX_DEPTH} levels`, 'nest less deeply');
  if (node === null) return { is: 'null', ...place, size: 1 };
  if (isAlias(node)) return aliased(walk, node.source, place);
  const anchor = 'anchor' in node && typeof node.anchor === 'string' ? node.anchor : undefined;
  if (anchor !== undefined) walk.anchors.set(anchor, 'open');
  const value = isMap(node)
    ? mapOf(walk, node, place, depth)
    : isSeq(node)
      ? listOf(walk, node.items as (Node | null)[], place, depth) // failsafe schema: items of a sequence are nodes
      : scalarOf(walk, node as Scalar, place); // neither alias, map nor sequence
  if (anchor !== undefined) walk.anchors.set(anchor, value);
  return value;
}

function aliased(walk: Walk, name: string, place: Place): Value {
  const value = walk.anchors.get(name);
  if (value === undefined)
    abandon(walk, place, 'alias-unknown', `no anchor &${name} stands before *${name}`, 'write the value out');
  if (value === 'open') abandon(walk, place, 'alias-cycle', `anchor &${name} contains itself`, 'write the value out');
  return value;
}

function listOf(walk: Walk, nodes: readonly (Node | null)[], place: Place, depth: number): Value {
  const items = nodes.map((item) => valueAt(walk, item, depth + 1, place));
  return { is: 'list', ...place, items, size: items.reduce((sum, item) => sum + item.size, 1) };
}

function mapOf(walk: Walk, node: YAMLMap, place: Place, depth: number): Value {
  const entries = new Map<string, Entry>();
  const written = new Set<string>();
  for (const pair of node.items) {
    const keyNode = pair.key as Node | null; // failsafe schema: keys are nodes
    const keyPlace = keyNode?.range ? placeAt(walk, keyNode.range[0]) : place;
    const value = valueAt(walk, pair.value as Node | null, depth + 1, keyPlace); // as above
    if (isMergeKey(keyNode)) {
      merge(walk, entries, value, keyPlace);
      continue;
    }
    const name = keyOf(walk, keyNode, keyPlace);
    if (written.has(name)) reportTwice(walk, name, keyPlace, written);
    written.add(name);
    entries.delete(name);
    entries.set(name, { key: keyPlace, value });
  }
  let size = 1;
  for (const { value } of entries.values()) size += value.size;
  return { is: 'map', ...place, entries, size };
}

/** Kubernetes' reader takes the last; where that loses a whole document it was hardly meant. */
function reportTwice(walk: Walk, name: string, place: Place, written: ReadonlySet<string>): void {
  if (name === 'kind' && written.has('apiVersion')) {
    const message = 'kind is written twice: of two documents in one the first would be lost';
    abandon(walk, place, 'documents-joined', message, 'put a line of --- between them, or keep one kind');
  }
  const message = `key ${JSON.stringify(name)} is written twice; the last one counts`;
  walk.report.warning(place, 'duplicate-key', name, message, 'keep one of them');
}

function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.type === Scalar.PLAIN && key.value === '<<' && key.tag === undefined;
}

/** `<<` in Kubernetes' reader overrides what stands above it, and what stands below overrides it. */
function merge(walk: Walk, entries: Map<string, Entry>, value: Value, place: Place): void {
  const maps = value.is === 'list' ? value.items.toReversed() : [value];
  for (const map of maps) {
    if (map.is !== 'map') abandon(walk, place, 'merge-key', '<< needs a map or a list of maps', 'write the fields out');
    for (const [name, entry] of map.entries) entries.set(name, entry);
  }
}

function keyOf(walk: Walk, node: Node | null, place: Place): string {
  const key = valueAt(walk, node, 0, place);
  switch (key.is) {
    case 'text':
    case 'number':
      return key.text;
    case 'boolean':
      walk.report.warning(
        place,
        'boolean-key',
        String(key.value),
        `unquoted ${key.written} is a boolean in Kubernetes' YAML: the key is ${JSON.stringify(String(key.value))}`,
        `write "${key.written}" in quotes`,
      );
      return String(key.value);
    case 'null':
    case 'list':
    case 'map':
      return abandon(walk, place, 'key-type', 'a key must be a text', 'write the key as a text');
  }
}

function scalarOf(walk: Walk, node: Scalar, place: Place): Value {
  const written = typeof node.value === 'string' ? node.value : String(node.source ?? '');
  const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
  if (tag === '!!binary') {
    return { is: 'text', ...place, text: Buffer.from(written, 'base64').toString('utf8'), size: 1 };
  }
  const plain = node.type === Scalar.PLAIN || node.type === undefined;
  const known = tag === undefined || tag === '!!int' || tag === '!!float' || tag === '!!bool' || tag === '!!null';
  if (!known || (!plain && tag === undefined)) return { is: 'text', ...place, text: written, size: 1 };
  const scalar = resolvePlain(written);
  const fits =
    tag === undefined ||
    (tag === '!!null' && scalar.is === 'null') ||
    (tag === '!!bool' && scalar.is === 'boolean') ||
    (scalar.is === 'number' && (tag === '!!float' || (tag === '!!int' && scalar.integer)));
  if (!fits) abandon(walk, place, 'tag-mismatch', `${JSON.stringify(written)} is no ${tag}`, 'leave the tag out');
  return scalar.is === 'boolean' ? { ...scalar, ...place, written, size: 1 } : { ...scalar, ...place, size: 1 };
}
