/**
 * The files of a candidate set, watched. A candidate is whole or it is nothing: with one broken file what it would change is not known.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { oneLine } from '../../lib/printable.ts';
import { createWatchable, type Watchable, type WatchableSource } from '../../lib/watchable.ts';
import type { DialectOptions } from '../dialects/contribution.ts';
import { createReporter, type Finding } from '../documents/finding.ts';
import { duplicateFinding, duplicatesAmong } from '../duplicates.ts';
import type { PolicyFile } from '../read-policies.ts';
import { DirectoryWatch, type WatchTimes } from '../sources/directory-watch.ts';
import type { PolicyPath } from '../sources/policy-path.ts';
import { ReadCache } from '../sources/read-cache.ts';
import { type Scan, scan } from '../sources/scan.ts';
import { missingFinding } from '../sources/source-findings.ts';

/** What the files say now. */
export interface CandidateFiles {
  /** The same list as long as they say the same. */
  readonly files: readonly PolicyFile[];
  /** Tells the same texts from others, wherever they lie. */
  readonly digest: string;
  /** Errors: with one of them the candidate is broken. */
  readonly errors: readonly Finding[];
}

/** Files that are read and watched. */
export interface CandidateSource extends AsyncDisposable {
  readonly current: Watchable<CandidateFiles>;
  /** Looks now. Never rejects: what goes wrong is an error of the candidate. */
  reload(): Promise<void>;
}

export interface CandidateSourceOptions extends DialectOptions {
  readonly paths: readonly PolicyPath[];
  readonly watch?: Partial<WatchTimes>;
  /** Bytes of all files together; default 32 MiB. */
  readonly mostBytes?: number;
}

const usualTimes: WatchTimes = { quietMs: 100, movedMs: 20, mostMs: 1_000, pollMs: 10_000 };
/** Deciders hold it beside what is in force. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Reads the paths and goes on watching them. */
export async function openCandidateSource(options: CandidateSourceOptions, clock: Clock): Promise<CandidateSource> {
  const source = new FileCandidate(options, clock);
  await source.reload();
  return source;
}

/** Tells sets of texts apart; their order does not matter. */
export function digestOfTexts(texts: readonly string[]): string {
  const each = texts.map((text) => createHash('sha256').update(text).digest('hex')).sort(compareText);
  return createHash('sha256').update(each.join()).digest('hex');
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

class FileCandidate implements CandidateSource {
  readonly #options: CandidateSourceOptions;
  readonly #cache: ReadCache;
  readonly #watch: DirectoryWatch;
  readonly #current: WatchableSource<CandidateFiles> = createWatchable<CandidateFiles>({
    files: [],
    digest: '',
    errors: [],
  });
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: CandidateSourceOptions, clock: Clock) {
    this.#options = options;
    this.#cache = new ReadCache({ ...options, forClusters: 'warning' }, clock);
    this.#watch = new DirectoryWatch({ ...usualTimes, ...options.watch }, () => void this.reload());
  }

  get current(): Watchable<CandidateFiles> {
    return this.#current;
  }

  reload(): Promise<void> {
    this.#running = this.#running.then(async () => {
      if (this.#closed) return;
      try {
        this.#publish(await this.#look());
      } catch (thrown) {
        const why = oneLine(thrown instanceof Error ? thrown.message : String(thrown));
        const message = `the candidate could not be looked at: ${why}`;
        this.#publish({ files: [], digest: '', errors: [this.#error('look-failed', message, 'look at the log')] });
      }
    });
    return this.#running;
  }

  async #look(): Promise<CandidateFiles> {
    let seen = scan(this.#options.paths);
    for (let round = 0; !this.#closed && this.#watch.follow(seen.directories) && round < 5; round++) {
      seen = scan(this.#options.paths);
    }
    const errors = this.#refused(seen);
    if (errors.length > 0) return { files: [], digest: '', errors };
    const files: PolicyFile[] = [];
    const texts: string[] = [];
    for (const [i, file] of seen.files.entries()) {
      if (i % 100 === 99) await new Promise(setImmediate);
      const { policies, text = '' } = this.#cache.read(file);
      files.push(policies);
      texts.push(text);
    }
    this.#cache.retain(new Set(seen.files.map(({ file }) => file)));
    return { files, digest: digestOfTexts(texts), errors: this.#faults(files) };
  }

  /** What keeps the files from being read at all. */
  #refused({ files, missing }: Scan): readonly Finding[] {
    const away = missing.map(missingFinding);
    const { mostBytes = MOST_BYTES } = this.#options;
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (bytes <= mostBytes) return away;
    const message = `the candidate's files hold ${bytes} bytes, of which ${mostBytes} may be; nothing of it is asked`;
    return [...away, this.#error('file-too-large', message, 'name the directory of the policies alone')];
  }

  #faults(files: readonly PolicyFile[]): readonly Finding[] {
    const errors = [
      ...files.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error')),
      ...duplicatesAmong(files.filter(({ hasErrors }) => !hasErrors)).map(duplicateFinding),
    ];
    if (errors.length > 0 || files.some(({ documents }) => documents.some(({ isPolicy }) => isPolicy))) return errors;
    return [
      this.#error('nothing-checked', 'the candidate holds no policy', 'put policies there, or drop policies.candidate'),
    ];
  }

  #error(code: Finding['code'], message: string, fix: string): Finding {
    const report = createReporter(this.#options.paths[0]?.path ?? '');
    report.error({ line: 1, column: 1 }, code, '', message, fix);
    return report.findings[0]!; // just reported
  }

  /** Replaces what there is, unless it is the same. */
  #publish(found: CandidateFiles): void {
    const before = this.#current.value;
    const isSame =
      found.digest === before.digest &&
      found.files.length === before.files.length &&
      found.files.every((file, i) => file === before.files[i]) &&
      JSON.stringify(found.errors) === JSON.stringify(before.errors);
    if (!isSame) this.#current.replace(found);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#watch[Symbol.dispose]();
    await this.#running;
  }
}
