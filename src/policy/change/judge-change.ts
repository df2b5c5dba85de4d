/**
 * What there is to say of a document that is about to change, beside all that are in force. Pure.
 *
 * Only what may meet it is looked at: an edit costs what it is about, not what there is.
 * @module
 */
import type { Finding } from '../documents/finding.ts';
import { isObjectPlace } from '../documents/position.ts';
import { asCopy, duplicateFinding, sayTheSame } from '../duplicates.ts';
import { applyIgnores, type IgnoreRule } from '../ignores.ts';
import { togetherFindings } from '../load.ts';
import type { PolicyFile } from '../read-policies.ts';
import { areaOf, contributionOf, neighboursOf, type Standing } from './neighbours.ts';
import { faultOf, signatureOf } from './signature.ts';

/** What a change is judged against. */
export interface Standings {
  /** All that is in force. */
  readonly files: readonly PolicyFile[];
  /** Whether what a file of that name holds is replaced by the change, as it is the same object; else it is a second one. */
  isReplaced(file: string): boolean;
  /** Whose ignores are obeyed. */
  readonly ignoreRule: IgnoreRule;
}

/** The findings of a change: of itself, and what it makes of others. */
export interface ChangeJudgement {
  /** They name only documents of the namespaces of the change. */
  readonly told: readonly Finding[];
  /** They name others: nothing of their texts is for the author. */
  readonly hidden: readonly Finding[];
}

/**
 * Judges a change.
 *
 * @param change  the document as it will be, alone in its file
 */
export function judgeChange(change: PolicyFile, standings: Standings): ChangeJudgement {
  const own = change.documents
    .filter(({ isPolicy }) => isPolicy)
    .map((document): Standing => ({ file: change, document }));
  const isAlone = change.hasErrors || own.length === 0; // what it comes to among others is not known
  const { told, hidden } = isAlone ? nothing : amongOthers(own, standings);
  const sift = (findings: readonly Finding[]): readonly Finding[] =>
    applyIgnores(findings, change.ignores, standings.ignoreRule).kept;
  return { told: sift([...change.findings, ...told]), hidden: sift(hidden) };
}

const nothing: ChangeJudgement = { told: [], hidden: [] };

function amongOthers(own: readonly Standing[], { files: inForce, isReplaced }: Standings): ChangeJudgement {
  const neighbours = neighboursOf(inForce);
  const areas = own.map(({ document }) => areaOf(document));
  const keys = new Set(own.map(({ document }) => document.key));
  const near = neighbours.near(areas).filter(({ document }) => !keys.has(document.key));
  const before = neighbours.said(areas);
  const ownFiles = new Set(own.map(({ file }) => file.file));
  const caused = together(near, own).filter(
    (finding) => ownFiles.has(finding.file) || !before.has(signatureOf(finding)),
  );
  const twins = own.flatMap((one) =>
    (neighbours.byKey.get(one.document.key) ?? [])
      .filter(({ file }) => !isReplaced(file.file))
      .map((other) => twinFinding(one, other)),
  );
  const { told, hidden } = parted(caused, near, own);
  const files = new Set(near.map(({ file }) => file.file).filter((file) => !isObjectPlace(file)));
  return {
    told: [...twins.map(withoutPlace), ...told.map((finding) => withoutFiles(finding, files))],
    hidden: [...twins, ...hidden],
  };
}

/** Parts findings by whether the documents of the same namespaces alone show them too: then these are what they name. */
function parted(caused: readonly Finding[], near: readonly Standing[], own: readonly Standing[]): ChangeJudgement {
  const namespaces = new Set(own.map(({ document }) => document.namespace));
  const visible = near.filter(({ document }) => namespaces.has(document.namespace));
  if (visible.length === near.length || caused.length === 0) return { told: caused, hidden: [] };
  const faults = new Set(caused.map(faultOf));
  const seen = together(visible, own);
  const shown = new Set(seen.map(signatureOf));
  return {
    told: seen.filter((finding) => faults.has(faultOf(finding))),
    hidden: caused.filter((finding) => !shown.has(signatureOf(finding))),
  };
}

const together = (others: readonly Standing[], own: readonly Standing[]): readonly Finding[] =>
  togetherFindings([...others, ...own].flatMap(contributionOf));

/** The same name in another place: one that says the same is a copy. */
function twinFinding({ file, document }: Standing, other: Standing): Finding {
  const finding = duplicateFinding({ file, document, other });
  return sayTheSame(document, other.document) ? asCopy(finding) : finding;
}

/** Where files of ours lie is nothing for whoever may change objects of a cluster. */
const withoutPlace = (finding: Finding): Finding => ({
  ...finding,
  message: 'a file of Gatehouse has an object of this kind and name already',
});

/** The same without places in files of ours. */
function withoutFiles(finding: Finding, files: ReadonlySet<string>): Finding {
  let { message } = finding;
  for (const file of files) {
    const [first = '', ...rest] = message.split(` (${file}:`);
    message = [first, ...rest.map((part) => part.replace(/^\d+\)/, ''))].join('');
  }
  return { ...finding, message };
}
