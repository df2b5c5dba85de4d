/**
 * What nobody used, as it is printed.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { type DiffDocument, diffDocument, diffRows } from '../../../analysis/proofs/diff/diff-document.ts';
import type { Tightened } from '../../../analysis/suggest/tighten.ts';
import type { Grant } from '../../../analysis/suggest/unused-grants.ts';
import { plainLook } from '../../terminal/look.ts';
import { jsonText, note, type OutputFormat, paint } from '../../terminal/output.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { textTable } from '../../terminal/text-table.ts';

/** For `git apply` in a directory. */
export interface MadePatch {
  readonly directory: string;
  readonly text: string;
}

interface TextFlags {
  readonly gaps: readonly string[];
  readonly writePatch?: string;
  readonly output: OutputFormat;
}

/** A grant in JSON. */
interface GrantRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly direction: Grant['direction'];
  readonly rule: number;
  readonly file: string;
  readonly line: number;
  readonly since: string;
}

/** The JSON of `policy suggest --tighten`. */
interface TightenDocument {
  readonly suggested: true;
  readonly gaps: readonly string[];
  readonly removed: readonly GrantRow[];
  readonly kept: readonly (GrantRow & { readonly word: string; readonly why: string })[];
  readonly diff: DiffDocument;
  readonly directory: string;
  readonly patch: string;
}

/** Writes the patch where it was asked for, and says what it does. */
export function showTightened(
  { removed, kept, difference }: Tightened,
  { directory, text }: MadePatch,
  { gaps, writePatch, output }: TextFlags,
  terminal: Terminal,
): void {
  const document: TightenDocument = {
    suggested: true,
    gaps,
    removed: removed.map(rowOf),
    kept: kept.map((grant) => ({ ...rowOf(grant), word: grant.word, why: grant.why })),
    diff: diffDocument(difference),
    ...{ directory, patch: text },
  };
  if (writePatch !== undefined) writeFileSync(writePatch, text);
  if (output === 'json') terminal.out(jsonText(document, 1));
  else {
    paint(terminal, tablesOf(document, terminal));
    if (writePatch === undefined && text !== '') paint(terminal, `\n${text}`);
  }
  if (text === '') return;
  const where = writePatch === undefined ? 'the patch' : writePatch;
  note(terminal, `${where} is for \`git apply\` in ${directory}`);
}

function tablesOf({ removed, kept, diff }: TightenDocument, { look = plainLook }: Terminal): string {
  const rows = [
    ...removed.map((each) => ['unused', grantText(each), placeText(each), each.since.slice(0, 19), '']),
    ...kept.map((each) => [each.word, grantText(each), placeText(each), each.since.slice(0, 19), each.why]),
  ];
  const none = 'every grant that is asked for was used';
  const grants = textTable(['', 'GRANT', 'AT', 'SINCE', 'WHY IT STAYS'], rows, none, look);
  if (removed.length === 0) return grants;
  const headings = ['', 'FROM', 'TO', 'ON', 'BY', 'OWNERS'];
  return `${grants}\n${textTable(headings, diffRows(diff), 'no request is decided otherwise', look)}`;
}

const rowOf = ({ policy: { kind, namespace, name }, direction, rule, position, since }: Grant): GrantRow => ({
  ...{ kind, namespace, name, direction, rule },
  ...{ file: position.file, line: position.line, since },
});

/** A policy, as the command is asked for it. */
export const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  namespace === '' ? name : `${namespace}/${name}`;

const grantText = ({ kind, direction, rule, ...policy }: GrantRow): string =>
  `${kind} ${nameOf(policy)} rule ${rule}${direction === 'egress' ? ' egress' : ''}`;

const placeText = ({ file, line }: GrantRow): string => `${file}:${line}`;
