/**
 * Reads policy files, each only when it has changed.
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { Clock } from '../../lib/clock.ts';
import type { KindTable } from '../dialects/kind-table.ts';
import { createReporter } from '../documents/finding.ts';
import { KnownChunks } from '../documents/known-chunks.ts';
import {
  type ChunkReading,
  MAX_FILE_BYTES,
  type PolicyFile,
  type ReadOptions,
  readPolicies,
} from '../read-policies.ts';
import type { SeenFile } from './scan.ts';

/** One file with its text; `text` is undefined if it could not be read at all. */
export interface ReadFile {
  readonly text: string | undefined;
  readonly policies: PolicyFile;
}

interface Cached extends ReadFile {
  readonly stamp: string;
  readonly namespaces: readonly string[] | undefined;
  readonly kinds: KindTable | undefined;
  readonly known: KnownChunks<ChunkReading>;
}

/** A file that was written this recently may be written again without its stamp changing. */
const FRESH_MS = 100;

export class ReadCache {
  #cached = new Map<string, Cached>();
  readonly #options: ReadOptions;
  readonly #clock: Clock;

  constructor(options: ReadOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Reads one file; the same value again if nothing has changed. Never throws: what went wrong is a finding. */
  read(seen: SeenFile): ReadFile {
    const before = this.#cached.get(seen.file);
    const { namespaces, kinds } = seen;
    const readAlike = before?.namespaces?.join() === namespaces?.join() && before?.kinds === kinds;
    if (before?.stamp === seen.stamp && readAlike) return before;
    const text = textOf(seen);
    const settled = this.#clock.now() - seen.modifiedAt > FRESH_MS;
    const same = before !== undefined && before.text === text && text !== undefined && readAlike;
    const known = readAlike && before !== undefined ? before.known : new KnownChunks<ChunkReading>();
    const after: Cached = {
      stamp: settled ? seen.stamp : '',
      namespaces,
      kinds,
      text,
      known,
      policies: same ? before.policies : this.parse(seen.file, text, { ...seen, known }),
    };
    this.#cached.set(seen.file, after);
    return after;
  }

  /** Reads a text as if the file held it. */
  parse(
    file: string,
    text: string | undefined,
    seen: Pick<SeenFile, 'namespaces' | 'kinds' | 'size'> & Pick<ReadOptions, 'known'>,
  ): PolicyFile {
    if (text === undefined) return unreadable(file, seen.size);
    const { namespaces, kinds, known } = seen;
    const more = { ...(namespaces && { namespaces }), ...(kinds && { kinds }), ...(known && { known }) };
    return readPolicies(file, text, { ...this.#options, ...more });
  }

  /** Forgets files that are no longer there. */
  retain(files: ReadonlySet<string>): void {
    for (const file of this.#cached.keys()) if (!files.has(file)) this.#cached.delete(file);
  }
}

function textOf(seen: SeenFile): string | undefined {
  if (seen.size > MAX_FILE_BYTES) return undefined;
  try {
    const bytes = readFileSync(seen.file);
    return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(file: string, size: number): PolicyFile {
  const report = createReporter(file);
  const place = { line: 1, column: 1 };
  if (size > MAX_FILE_BYTES) report.error(place, 'file-too-large', '', 'the file is larger than 32 MiB', 'split it');
  else
    report.error(
      place,
      'unreadable',
      '',
      'the file cannot be read, or is not UTF-8',
      'check its permissions and its encoding',
    );
  return { file, documents: [], findings: report.findings, hasErrors: true, skipped: new Map() };
}
