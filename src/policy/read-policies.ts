/**
 * Reads the documents of one file: text → what it adds to the model, and findings.
 * @module
 */
import { bareDocuments, cutShort, isTyped, reportNothing } from './bare-documents.ts';
import type { Contribution, DialectOptions, KindReader } from './dialects/contribution.ts';
import type { KindTable } from './dialects/kind-table.ts';
import { policyKinds } from './dialects/table.ts';
import { reportTwins } from './document-keys.ts';
import type { PolicyDocument } from './documents/document.ts';
import { readEnvelope, readType, type TypeOf } from './documents/envelope.ts';
import { createReporter, type Finding, hasErrors, type Place, type Reporter } from './documents/finding.ts';
import { type Ignore, readIgnores, reportStrayIgnores } from './documents/ignore.ts';
import { KnownChunks } from './documents/known/known-chunks.ts';
import { anything, checkShape, object } from './documents/shape.ts';
import { describe, fieldOf, listAt, type MapValue, textAt, type Value } from './documents/value.ts';
import { parseChunk } from './documents/yaml/parse.ts';
import type { Chunk } from './documents/yaml/split.ts';
import { guarded } from './guarded.ts';
import type { Dialect } from './model.ts';
import { isNoDocument } from './skip/no-document.ts';
import { onceAFile } from './skip/once-a-file.ts';
import { addSkipped, NO_DOCUMENT, reportSite, skip, skippedUnread } from './skip/skipped.ts';
import { couldBePolicy, isTemplate, mayBeTemplate, reportTemplate, TEMPLATE, unrenderedIn } from './skip/template.ts';

/** One file, read and not yet joined with others. Immutable: as long as its text is the same, it is the same value. */
export interface PolicyFile {
  readonly file: string;
  readonly documents: readonly ReadDocument[];
  readonly findings: readonly Finding[];
  /** Nothing of a file with an error comes into force. */
  readonly hasErrors: boolean;
  /** `group/kind` of documents that are none of our business, and how many there are. */
  readonly skipped: ReadonlyMap<string, number>;
  /** What their authors do not want to hear of. */
  readonly ignores: readonly Ignore[];
}

/** One document of ours. */
export interface ReadDocument {
  readonly dialect: Dialect;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** What names it: no two documents that are in force have one key. */
  readonly key: string;
  readonly place: Place;
  /** False: it belongs to the registry. */
  readonly isPolicy: boolean;
  /** Undefined: valid, but it speaks of no workload here. */
  readonly contribution: Contribution | undefined;
}

/** How files are read. */
export interface ReadOptions extends DialectOptions {
  /** The namespace of documents that have none, though their kind wants one. */
  readonly defaultNamespace?: string;
  /** If given, the file may only hold documents of these namespaces. */
  readonly namespaces?: readonly string[];
  /** Which documents are read; policies, unless said otherwise. */
  readonly kinds?: KindTable;
  /** How much weight limits have that only the API server of a cluster sets; `error` unless said otherwise. */
  readonly forClusters?: 'error' | 'warning';
  /** Whoever asks looks at no finding but errors. */
  readonly wantsErrorsAlone?: boolean;
  /** What the same file came to before, with the same options. */
  readonly known?: KnownChunks<ChunkReading>;
}

/** Larger files are refused unread. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** One reading, under way. */
export interface Reading {
  readonly report: Reporter;
  readonly options: ReadOptions;
  readonly documents: ReadDocument[];
  readonly skipped: Map<string, number>;
  readonly ignores: Ignore[];
  /** The envelopes of the documents. */
  readonly envelopes: PolicyDocument[];
}

/** What one chunk of a file came to. */
export type ChunkReading = Pick<Reading, 'documents' | 'skipped' | 'ignores'> & Pick<Reporter, 'findings'>;

/**
 * Reads a file of any number of YAML or JSON documents.
 *
 * @param file  how findings name it
 * @param text  its content; anything at all, the worst outcome is findings
 */
export function readPolicies(file: string, text: string, options: ReadOptions): PolicyFile {
  const report = createReporter(file, options);
  const reading = newReading(report, options);
  if (text.includes('\0')) {
    const line = text.slice(0, text.indexOf('\0')).split('\n').length;
    report.error(
      { line, column: 1 },
      'not-text',
      '',
      'the file holds zero bytes: it is no text',
      'write YAML or JSON in UTF-8',
    );
  } else {
    guarded({ line: 1, column: 1 }, report, () => readText(text, reading));
  }
  if (options.kinds?.bare !== undefined && reading.documents.length === 0) reportNothing(report);
  const findings = onceAFile(report.findings.toSorted((a, b) => a.line - b.line || a.column - b.column));
  const { documents, skipped, ignores } = reading;
  return { file, documents, findings, hasErrors: hasErrors(findings), skipped, ignores };
}

/** A reading of nothing yet. */
export const newReading = (report: Reporter, options: ReadOptions): Reading => ({
  report,
  options,
  documents: [],
  skipped: new Map(),
  ignores: [],
  envelopes: [],
});

function readText(text: string, reading: Reading): void {
  const { report } = reading;
  if (text.length > MAX_FILE_BYTES) {
    report.error({ line: 1, column: 1 }, 'file-too-large', '', 'the file is larger than 32 MiB', 'split it');
    return;
  }
  const known = reading.options.known ?? new KnownChunks<ChunkReading>();
  const { readings, bad, bare } = known.readAll(text, (chunk) => readChunk(chunk, reading));
  for (const chunk of bare) reportStrayIgnores(chunk, report);
  for (const { line, text: rest } of bad) {
    report.error(
      { line, column: 4 },
      'document-separator',
      '',
      `${JSON.stringify(rest)} after --- is not allowed`,
      'begin the document on the next line',
    );
  }
  for (const { documents, findings, skipped, ignores } of readings) {
    for (const finding of findings) {
      const isSaid = finding.code === 'helm-template' && report.findings.some(({ code }) => code === 'helm-template');
      if (!isSaid) report.add(finding); // one file, one template
    }
    for (const document of documents) reading.documents.push(document);
    for (const ignore of ignores) reading.ignores.push(ignore);
    for (const [kind, count] of skipped) addSkipped(reading.skipped, kind, count);
  }
  reportTwins(reading.documents, report);
}

function readChunk(chunk: Chunk, { report: { file }, options }: Reading): ChunkReading {
  const report = createReporter(file, options);
  const reading = newReading(report, options);
  const readsAll = options.kinds?.bare !== undefined;
  const unread = readsAll ? undefined : skippedUnread(chunk.text, options.kinds ?? policyKinds);
  if (unread !== undefined) addSkipped(reading.skipped, unread, 1);
  else if (!readsAll && isTemplate(chunk.text)) return readTemplate(chunk, newReading(report, options));
  else {
    let isRead = false;
    guarded({ line: chunk.line, column: 1 }, report, () => {
      const value = parseChunk(chunk, report);
      isRead = value !== undefined;
      if (value !== undefined) readValue(value, reading, undefined, 0);
      reading.ignores.push(...readIgnores(chunk, reading.envelopes, report));
    });
    if (readsAll) {
      const { documents, skipped, ignores } = reading;
      return { documents, skipped, ignores, findings: isRead ? report.findings : cutShort(report.findings) };
    }
    const [unrendered] = reading.envelopes.flatMap((document) => unrenderedIn(document, chunk.text) ?? []);
    const isBroken = reading.envelopes.length === 0 && report.findings.length > 0 && mayBeTemplate(chunk.text);
    if (unrendered !== undefined || isBroken)
      return readTemplate(chunk, newReading(createReporter(file, options), options), unrendered);
  }
  const { documents, skipped, ignores } = reading;
  return { documents, skipped, ignores, findings: report.findings };
}

/** A template is one finding, or none where nothing that it makes could be a policy. */
function readTemplate(
  { text, line }: Chunk,
  { report, documents, skipped, ignores }: Reading,
  at?: Place,
): ChunkReading {
  if (at !== undefined || couldBePolicy(text)) reportTemplate(at ?? { line, column: 1 }, report);
  else addSkipped(skipped, TEMPLATE, 1);
  return { documents, skipped, ignores, findings: report.findings };
}

/** Reads a document, or a list of them. */
export function readValue(value: Value, reading: Reading, inherited: TypeOf | undefined, depth: number): void {
  const { report } = reading;
  if (value.is === 'null') return;
  const bareReader = reading.options.kinds?.bare;
  if (bareReader !== undefined && depth === 0 && !isTyped(value)) {
    reading.documents.push(...bareDocuments(value, bareReader, report));
    return;
  }
  if (bareReader === undefined && reportSite(value, report)) return;
  if (depth === 0 && isNoDocument(value)) {
    addSkipped(reading.skipped, NO_DOCUMENT, 1);
    return;
  }
  if (value.is !== 'map') {
    report.error(
      value,
      'not-a-document',
      '',
      'this is no Kubernetes document',
      'a document is a map with apiVersion, kind, metadata and spec',
    );
    return;
  }
  const bare = !value.entries.has('apiVersion') && !value.entries.has('kind');
  const type = bare && inherited !== undefined ? inherited : readType(value, report);
  if (type === undefined) return;
  if (isList(type, value)) {
    readList(value, type, reading, depth);
    return;
  }
  const reader = (reading.options.kinds ?? policyKinds).readerOf(type.group, type.kind);
  if (reader === undefined) skip(value, type, reading.options.kinds ?? policyKinds, reading);
  else readDocument(value, type, reader, reading);
}

/** A list by its name, or whatever else has documents for its items. */
function isList(type: TypeOf, value: MapValue): boolean {
  if (isPlainList(type)) return true;
  const items = listAt(value, 'items')?.items;
  return items !== undefined && (type.kind.endsWith('List') || items.some(isDocument));
}

/** The kind `List` itself, in whatever case it is written. */
const isPlainList = ({ kind }: TypeOf): boolean => kind.toLowerCase() === 'list';

const isDocument = (item: Value): boolean =>
  item.is === 'map' && item.entries.has('apiVersion') && item.entries.has('kind');

const listShape = object({ apiVersion: anything, kind: anything, metadata: anything, items: anything });

/** Deeper lists than this are refused: they have no use. */
const MOST_LISTS = 4;

function readList(value: MapValue, type: TypeOf, reading: Reading, depth: number): void {
  const { report } = reading;
  const items = fieldOf(value, 'items');
  if (isPlainList(type)) checkShape(value, listShape, '', report);
  if (depth >= MOST_LISTS)
    report.error(
      value,
      'list-too-deep',
      'items',
      'lists lie within lists here, too deep',
      'write the documents one by one',
    );
  else if (items?.is === 'list') {
    const isOfKind = !isPlainList(type) && type.kind.endsWith('List');
    const element = isOfKind ? { ...type, kind: type.kind.slice(0, -'List'.length) } : undefined;
    for (const item of items.items) readValue(item, reading, element, depth + 1);
  } else if (items !== undefined && items.is !== 'null')
    report.error(items, 'type', 'items', `items must be a list, not ${describe(items)}`, 'write a list of documents');
}

function readDocument(root: MapValue, type: TypeOf, reader: KindReader, reading: Reading): void {
  const { report, options } = reading;
  if (!reader.versions.includes(type.version)) {
    const fix = `use ${reader.versions.map((version) => `${type.group}/${version}`).join(' or ')}`;
    const place = root.entries.get('apiVersion')?.value ?? root;
    report.error(
      place,
      'version-unknown',
      'apiVersion',
      `${type.kind} has no version ${JSON.stringify(type.version)}`,
      fix,
    );
    return;
  }
  const document = readEnvelope(root, type, reader, options.defaultNamespace ?? '', report);
  reading.envelopes.push(document);
  checkConfinement(document, options, report);
  const contribution = guarded(root, report, () => reader.read(document, options, report));
  const { kind, namespace, name, place } = document;
  const { dialect } = reader;
  const isPolicy = dialect === 'site' || policyKinds.readerOf(type.group, type.kind) === reader;
  const key = `${dialect}/${kind}/${namespace}/${name}`;
  reading.documents.push({ dialect, kind, namespace, name, key, place, isPolicy, contribution });
}

function checkConfinement(
  document: PolicyDocument,
  { namespaces, rootNamespace }: ReadOptions,
  report: Reporter,
): void {
  if (namespaces === undefined || namespaces.includes(document.namespace)) return;
  const place = { line: document.place.line, column: document.place.column };
  const where = textAt(document.root, 'kind') === undefined ? '' : ` (${document.kind} ${document.name})`;
  const whose =
    document.namespace === rootNamespace ? 'the root namespace' : `namespace ${JSON.stringify(document.namespace)}`;
  const message = `this path may only hold documents of ${namespaces.join(', ')}, not of ${whose}${where}`;
  report.error(
    place,
    'namespace-not-allowed',
    'metadata.namespace',
    message,
    'move the document, or widen policies.paths[].namespaces',
  );
}
