/**
 * Reads policy files, each only when it has changed.
 * @module
 */

import { isUtf8 } from 'node:buffer';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../lib/clock.ts';
import { FileRefused, readRegularFileSync } from '../../lib/regular-file.ts';
import type { KindTable } from '../dialects/kind-table.ts';
import type { FindingCode } from '../documents/codes/finding-codes.ts';
import { createReporter } from '../documents/finding.ts';
import { commonEnds } from '../documents/known/common-ends.ts';
import { KnownChunks } from '../documents/known/known-chunks.ts';
import { inFile } from '../documents/known/moved.ts';
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
  readonly defaultNamespace: string | undefined;
  readonly known: KnownChunks<ChunkReading>;
}

/** A file that was written this recently may be written again without its stamp changing. */
const FRESH_MS = 100;

/** Remembers what files held, by their stamps and contents. */
export class ReadCache {
  #cached = new Map<string, Cached>();
  readonly #options: ReadOptions;
  readonly #clock: Clock;
  readonly #like: ReadCache | undefined;

  /** @param like  has read files that may hold the same documents, such as those of another revision */
  constructor(options: ReadOptions, clock: Clock, like?: ReadCache) {
    this.#options = options;
    this.#clock = clock;
    this.#like =
      like !== undefined && isDeepStrictEqual(meaningful(like.#options), meaningful(options)) ? like : undefined;
  }

  /** Reads one file; the same value again if nothing has changed. Never throws: what went wrong is a finding. */
  read(seen: SeenFile): ReadFile {
    const before = this.#cached.get(seen.file);
    const { namespaces, kinds, defaultNamespace } = seen;
    const readAlike = isReadAlike(before, seen);
    if (before?.stamp === seen.stamp && readAlike) return before;
    const found = seen.text ?? textOf(seen);
    const text = typeof found === 'string' ? found : undefined;
    const isOld = this.#clock.now() - seen.modifiedAt > FRESH_MS;
    const same = before !== undefined && before.text === text && text !== undefined && readAlike;
    const known = before !== undefined && readAlike ? before.known : this.#knownOf(seen);
    const after: Cached = {
      stamp: isOld ? seen.stamp : '',
      namespaces,
      kinds,
      defaultNamespace,
      text,
      known,
      policies: same
        ? before.policies
        : typeof found === 'string'
          ? this.parse(seen.file, found, { ...seen, known })
          : unreadable(seen.file, found),
    };
    this.#cached.set(seen.file, after);
    return after;
  }

  /** What the file that is most like one came to in the cache that has read some already. */
  #knownOf(seen: SeenFile): KnownChunks<ChunkReading> {
    let [best, most]: [Cached | undefined, number] = [undefined, 0];
    for (const [file, one] of this.#like === undefined ? [] : this.#like.#cached) {
      if (basename(file) !== basename(seen.file) || !isReadAlike(one, seen)) continue;
      const { tail } = commonEnds(file, seen.file);
      if (tail > most) [best, most] = [one, tail];
    }
    return best?.known.like((reading) => inFileOf(reading, seen.file)) ?? new KnownChunks<ChunkReading>();
  }

  /** Reads a text as if the file held it. */
  parse(
    file: string,
    text: string,
    seen: Pick<SeenFile, 'namespaces' | 'kinds' | 'defaultNamespace'> & Pick<ReadOptions, 'known'>,
  ): PolicyFile {
    const { namespaces, kinds, defaultNamespace, known } = seen;
    const more = {
      ...(namespaces && { namespaces }),
      ...(kinds && { kinds }),
      ...(defaultNamespace !== undefined && { defaultNamespace }),
      ...(known && { known }),
    };
    return readPolicies(file, text, { ...this.#options, ...more });
  }

  /** Forgets files that are no longer there. */
  retain(files: ReadonlySet<string>): void {
    for (const file of this.#cached.keys()) if (!files.has(file)) this.#cached.delete(file);
  }
}

/** What documents come to hangs on this alone. */
const meaningful = ({ trustDomain, trustDomainAliases, rootNamespace, customProviders, ...rest }: ReadOptions) => ({
  ...{ trustDomain, trustDomainAliases, rootNamespace, customProviders },
  ...{ forClusters: rest.forClusters, wantsErrorsAlone: rest.wantsErrorsAlone },
});

/** Whether a file was read as one is to be read. */
const isReadAlike = (one: Cached | undefined, { namespaces, kinds, defaultNamespace }: SeenFile): boolean =>
  one?.namespaces?.join() === namespaces?.join() && one?.kinds === kinds && one?.defaultNamespace === defaultNamespace;

/**
 * What a document comes to in another file. What it adds to the registry stays the same value: nothing is told of its place.
 */
function inFileOf({ documents, findings, ignores, skipped }: ChunkReading, file: string): ChunkReading {
  return {
    documents: documents.map((one) => (one.isPolicy ? inFile(one, file) : one)),
    ...inFile({ findings, ignores }, file),
    skipped,
  };
}

/** The text; or why there is none, as a finding says it. */
function textOf({ file }: SeenFile): string | Unreadable {
  try {
    const bytes = readRegularFileSync(file, MAX_FILE_BYTES);
    return isUtf8(bytes) ? bytes.toString('utf8') : notUtf8;
  } catch (thrown) {
    if (thrown instanceof FileRefused) return thrown.code === 'EFBIG' ? tooLarge : notRegular;
    return closed;
  }
}

interface Unreadable {
  readonly code: FindingCode;
  readonly message: string;
  readonly fix: string;
}

const tooLarge: Unreadable = { code: 'file-too-large', message: 'the file is larger than 32 MiB', fix: 'split it' };
const notRegular: Unreadable = {
  code: 'not-a-file',
  message: 'this is no regular file but a pipe, a socket, a device or a directory',
  fix: 'put a file there, or take it away',
};
const closed: Unreadable = {
  code: 'unreadable',
  message: 'the file cannot be read',
  fix: 'check its permissions',
};
const notUtf8: Unreadable = { code: 'unreadable', message: 'the file is not UTF-8', fix: 'check its encoding' };

function unreadable(file: string, { code, message, fix }: Unreadable): PolicyFile {
  const report = createReporter(file);
  report.error({ line: 1, column: 1 }, code, '', message, fix);
  return { file, documents: [], findings: report.findings, hasErrors: true, skipped: new Map(), ignores: [] };
}
