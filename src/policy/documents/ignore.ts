/**
 * What the author of a document has looked at and does not want to hear of again: `# gatehouse:ignore CODE reason` in its YAML,
 * or the annotation `gatehouse.dev/ignore`.
 * @module
 */
import { type FindingCode, isFindingCode } from './codes/finding-codes.ts';
import { commentsOf, lineWithin, wholeOf } from './comments.ts';
import type { PolicyDocument } from './document.ts';
import type { Place, Reporter } from './finding.ts';
import type { Chunk } from './yaml/split.ts';

/** Findings of some codes that are known, in one stretch of a file. */
export interface Ignore {
  readonly file: string;
  /** Where the ignore itself stands. */
  readonly place: Place;
  readonly codes: readonly FindingCode[];
  /** Empty in a document of a cluster-scoped kind. */
  readonly namespace: string;
  /** The first place that it is about. */
  readonly from: Place;
  /** The first place that it is no longer about. */
  readonly until: Place;
}

/** The annotation. Several entries are parted by `;` or lines. */
const IGNORE_ANNOTATION = 'gatehouse.dev/ignore';
const COMMENT = /^#+\s*gatehouse:ignore\b:?/;
/** One code or several, parted by commas; the rest is the reason. */
const ENTRY = /^([\w-]+(?:\s*,\s*[\w-]+)*):?(?:\s+(.*))?$/s;

/** What the comments and annotations of a chunk say. @param documents  those that were read from it, in their order */
export function readIgnores(chunk: Chunk, documents: readonly PolicyDocument[], report: Reporter): readonly Ignore[] {
  const isCommented = chunk.text.includes('gatehouse:ignore');
  if (!isCommented && !documents.some(({ annotations }) => annotations.has(IGNORE_ANNOTATION))) return [];
  const { file } = report;
  const end = wholeOf(chunk).until;
  const annotated = documents.flatMap(({ annotations, namespace, place: from }, i) => {
    const annotation = annotations.get(IGNORE_ANNOTATION);
    if (annotation === undefined) return [];
    const { text, line, column } = annotation;
    const ignore = { file, place: { line, column }, namespace, from, until: documents[i + 1]?.place ?? end };
    const entries = text.split(/[;\n]/).filter((entry) => entry.trim() !== '');
    return entries.flatMap((entry) =>
      codesOf(entry, ignore.place, report).map((codes): Ignore => ({ ...ignore, codes })),
    );
  });
  if (!isCommented) return annotated;
  const commented = commentsOf(chunk).flatMap(({ text, ...place }): Ignore[] => {
    const said = COMMENT.exec(text);
    if (said === null) return [];
    const reach = lineWithin(chunk, place.line);
    const about = documents.findLast((document) => document.place.line <= reach.from.line) ?? documents[0];
    if (about === undefined) return [];
    const { namespace } = about;
    const codes = codesOf(text.slice(said[0].length), place, report);
    return codes.map((some) => ({ file, place, codes: some, namespace, ...reach }));
  });
  return [...annotated, ...commented];
}

/** Says that an ignore stands where no document is. */
export function reportStrayIgnores(chunk: Chunk, report: Reporter): void {
  if (!chunk.text.includes('gatehouse:ignore')) return;
  for (const { text, ...place } of commentsOf(chunk))
    if (COMMENT.test(text))
      unreadable(place, 'stands where no document is: it is about nothing', 'write it below the ---', report);
}

/** The codes of one entry; none if it cannot be read (the finding says why). */
function codesOf(entry: string, place: Place, report: Reporter): readonly (readonly FindingCode[])[] {
  const [, named, reason] = ENTRY.exec(entry.trim()) ?? [];
  if (named === undefined) {
    unreadable(
      place,
      'names no code',
      'write gatehouse:ignore CODE reason; gatehouse policy lint --codes lists them',
      report,
    );
    return [];
  }
  const codes = named.split(/\s*,\s*/);
  const unknown = codes.find((code) => !isFindingCode(code));
  if (unknown !== undefined) {
    const fix = 'gatehouse policy lint --codes lists the codes';
    unreadable(place, `names ${JSON.stringify(unknown)}, which is no code of a finding`, fix, report);
  } else if (reason === undefined || reason.trim() === '')
    report.hint(
      place,
      'ignore-without-reason',
      '',
      `the ignore of ${named} does not say why`,
      'write the reason behind the code',
    );
  return [codes.filter(isFindingCode)];
}

function unreadable(place: Place, what: string, fix: string, report: Reporter): void {
  report.warning(place, 'ignore-unreadable', '', `gatehouse:ignore ${what}`, fix);
}
