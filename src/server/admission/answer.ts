/**
 * The answer to an API server, within what it passes on: it cuts and drops what is longer, and loses what stands last.
 * @module
 */
import { oneLine } from '../../lib/printable.ts';
import type { ChangeJudgement } from '../../policy/change/judge-change.ts';
import type { Finding } from '../../policy/documents/finding.ts';

/** The warnings of one answer together; of longer ones each is cut to {@link MOST_WARNING_CHARACTERS}. */
const MOST_WARNINGS = 15;
const MOST_WARNING_CHARACTERS = 256;
/** Of the text of a refusal. */
const MOST_LINES = 20;
const MOST_LINE_CHARACTERS = 500;

/** `response` of an AdmissionReview. */
export interface ReviewResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly warnings?: readonly string[];
}

/** The body of an answer. */
export const reviewOf = (response: ReviewResponse): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });

/** What was decided of a judged change. */
export interface Verdict {
  readonly refused: boolean;
  readonly response: ReviewResponse;
}

/** How a verdict comes about. */
export interface VerdictOptions {
  readonly uid: string;
  /** Names the object, such as `AuthorizationPolicy shop/web`. */
  readonly subject: string;
  /** Under which our log tells all of it. */
  readonly logId: string;
  /** Whether an error refuses the change. */
  refuses(error: Finding): boolean;
}

/** Makes the answer of a judgement. */
export function verdictOf({ told, hidden }: ChangeJudgement, options: VerdictOptions): Verdict {
  const { uid, subject, logId } = options;
  const lines = told.filter(({ severity }) => severity !== 'hint').toSorted(byWeight);
  const others = hiddenLine(hidden, logId);
  const isError = (finding: Finding): boolean => finding.severity === 'error' && options.refuses(finding);
  const refused = [...told, ...hidden].some(isError);
  const warnings = warningsOf(
    refused ? lines.filter((finding) => !isError(finding)) : lines,
    refused ? '' : others,
    logId,
  );
  const response = { uid, allowed: !refused, ...(warnings.length > 0 && { warnings }) };
  if (!refused) return { refused, response };
  const errors = [...lines.filter(isError).map(lineOf), ...(others === '' ? [] : [others])];
  const shown =
    errors.length > MOST_LINES
      ? [...errors.slice(0, MOST_LINES - 1), moreLine(errors.length - MOST_LINES + 1, logId)]
      : errors;
  const message = [
    `Gatehouse does not let ${oneLine(subject)} in (its log says more under ${logId}):`,
    ...shown.map((line) => `- ${cut(oneLine(line), MOST_LINE_CHARACTERS)}`),
  ].join('\n');
  return { refused, response: { ...response, status: { code: 403, reason: 'Forbidden', message } } };
}

/** One line each, worst first, within the API server's limits; what is left out is counted. */
function warningsOf(findings: readonly Finding[], others: string, logId: string): readonly string[] {
  const all = [...findings.map(lineOf), ...(others === '' ? [] : [others])];
  const shown =
    all.length > MOST_WARNINGS
      ? [...all.slice(0, MOST_WARNINGS - 1), moreLine(all.length - MOST_WARNINGS + 1, logId)]
      : all;
  return shown.map((line) => cut(oneLine(line), MOST_WARNING_CHARACTERS));
}

const moreLine = (count: number, logId: string): string =>
  `and ${count} more: Gatehouse's log says them under ${logId}`;

/** What names objects that are not for the author: only what kind of fault it is. */
function hiddenLine(hidden: readonly Finding[], logId: string): string {
  if (hidden.length === 0) return '';
  const codes = [...new Set(hidden.map(({ code }) => code))].sort().join(', ');
  return `together with objects elsewhere: ${codes} (Gatehouse's log says which under ${logId})`;
}

const lineOf = ({ code, path, message, fix }: Finding): string =>
  `${path === '' ? '' : `${path}: `}${message} (${fix}) [${code}]`;

const weights: ReadonlyMap<string, number> = new Map([
  ['error', 0],
  ['warning', 1],
]);

const byWeight = (a: Finding, b: Finding): number => (weights.get(a.severity) ?? 2) - (weights.get(b.severity) ?? 2);

/** Cut by code points, as the API server counts. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const points = [...text];
  return points.length <= most ? text : `${points.slice(0, most - 1).join('')}…`;
}
