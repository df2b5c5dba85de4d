/**
 * One look at the paths and at what stands in no file, and what of it cannot be taken as it is.
 * @module
 */
import { createReporter } from '../documents/finding.ts';
import type { PolicyFile } from '../read-policies.ts';
import type { Choice } from './choose-in-force.ts';
import type { ObjectFiles } from './object-source.ts';
import type { ReadFile } from './read-cache.ts';
import type { Missing, SeenFile } from './scan.ts';
import { cannotStart, missingFinding } from './source-findings.ts';

/** A file or an object as it was looked at. */
export interface Looked extends ReadFile {
  readonly seen: Pick<SeenFile, 'namespaces' | 'kinds' | 'defaultNamespace'>;
  /** Of an object that is broken: what it said when it was sound. */
  readonly lastGood?: PolicyFile | undefined;
}

/** One look at the paths, every file read, and at what stands in no file. */
export interface Look {
  readonly files: ReadonlyMap<string, Looked>;
  readonly missing: readonly Missing[];
  /** What stands in no file; undefined: nothing can. */
  readonly objects?: ObjectFiles;
}

/** A file that held policies and now holds nothing is being written, or was cut off: it keeps its last content. */
export function emptied(
  now: PolicyFile,
  text: string | undefined,
  before: PolicyFile | undefined,
): PolicyFile | undefined {
  if (text === undefined || text.trim() !== '' || (before?.documents.length ?? 0) === 0) return undefined;
  const report = createReporter(now.file);
  report.error(
    { line: 1, column: 1 },
    'file-emptied',
    '',
    'the file is empty; what it held stays in force',
    'delete the file to end its policies',
  );
  return { ...now, findings: report.findings, hasErrors: true };
}

/**
 * What is away or broken, and never was in force, stops a start: its denials would be lost. Not what lies in a path that is confined to
 * namespaces: a tenant must not stop the others; it is left out, named, and degraded.
 *
 * @throws GatehouseError `policy_invalid`
 */
export function refuseToStart({ files, missing }: Look, { lost, findings }: Choice): void {
  const away = missing.filter(({ isConfined }) => !isConfined);
  const broken = new Set(lost.filter((file) => files.get(file)?.seen.namespaces === undefined));
  if (away.length === 0 && broken.size === 0) return;
  throw cannotStart([...away.map(missingFinding), ...findings.filter(({ file }) => broken.has(file))]);
}
