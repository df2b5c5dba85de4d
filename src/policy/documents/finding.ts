/**
 * What is wrong with a document, where, and how to mend it.
 * @module
 */
import type { FindingCode, Severity } from './codes/finding-codes.ts';
import type { OtherRule } from './other-rule.ts';
import { placeText } from './position.ts';

/** Where something starts; lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing to tell the author of a file; the JSON form of `policy check` is exactly this. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: Severity;
  /** Stable: ignores name it. */
  readonly code: FindingCode;
  /** Field path, e.g. `spec.rules[0].from[1].source.principals[0]`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
  /** The other rules or policies that it is about, also those beyond the few that the message names; absent where there is none. */
  readonly others?: readonly OtherRule[];
}

/** How much a limit has that only the API server of a cluster sets. */
type Weight = Exclude<Severity, 'hint'>;

/** Collects the findings of one file. */
export interface Reporter {
  readonly file: string;
  readonly findings: readonly Finding[];
  /** Nobody asks for anything but errors: what looks for other faults alone need not look. */
  readonly wantsErrorsAlone: boolean;
  error(place: Place, code: FindingCode, path: string, message: string, fix: string): void;
  warning(place: Place, code: FindingCode, path: string, message: string, fix: string): void;
  hint(place: Place, code: FindingCode, path: string, message: string, fix: string): void;
  /** What only the API server of a cluster refuses: an error, or a warning where files are served as they are. Says which. */
  forClusters(place: Place, code: FindingCode, path: string, message: string, fix: string): Weight;
  /** Adds a finding that was made elsewhere. */
  add(finding: Finding): void;
}

/** More findings than this in one file are dropped: a hostile file could make millions. */
const MAX_FINDINGS = 200;

/** What a reporter is wanted for. */
export interface ReporterOptions {
  /** How much weight the API server's own limits have; `error` unless said otherwise. */
  readonly forClusters?: Weight;
  readonly wantsErrorsAlone?: boolean;
}

/** Creates a reporter with no findings yet. */
export function createReporter(file: string, options: ReporterOptions = {}): Reporter {
  const { forClusters = 'error', wantsErrorsAlone = false } = options;
  const findings: Finding[] = [];
  const add = (finding: Finding): void => {
    const full = findings.length >= MAX_FINDINGS;
    if (!full || (finding.severity === 'error' && !hasErrors(findings))) findings.push(finding);
  };
  const of =
    (severity: Finding['severity']) =>
    ({ line, column }: Place, code: FindingCode, path: string, message: string, fix: string): void =>
      add({ file, line, column, severity, code, path, message, fix });
  const error = of('error');
  const warning = of('warning');
  const hint = of('hint');
  return {
    ...{ file, findings, wantsErrorsAlone },
    error,
    warning,
    hint,
    add,
    forClusters(...what) {
      (forClusters === 'error' ? error : warning)(...what);
      return forClusters;
    },
  };
}

/** Whether a list of findings keeps its file from coming into force. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}

/** The place of the first error, as `placeText` writes it, or undefined. */
export function firstErrorPlace(findings: readonly Finding[]): string | undefined {
  const first = findings.find((finding) => finding.severity === 'error');
  return first === undefined ? undefined : placeText(first, first.path);
}

/** Hears nothing: for what is read a second time, its faults being told already. */
export const silentReporter: Reporter = {
  file: '',
  findings: [],
  wantsErrorsAlone: true,
  error: () => undefined,
  warning: () => undefined,
  hint: () => undefined,
  forClusters: () => 'warning',
  add: () => undefined,
};
