/**
 * Chooses, file by file, what comes into force: the new content, or the last good one. Pure.
 * @module
 */
import { type Finding, firstErrorPlace } from '../documents/finding.ts';
import { isObjectPlace, placeText } from '../documents/position.ts';
import { duplicateFinding, duplicatesAmong } from '../duplicates.ts';
import type { PolicyFile } from '../read-policies.ts';
import { registryEmptiedFinding } from './source-findings.ts';

/** One file: what it says now, and what of it was in force last. */
export interface Candidate {
  readonly file: string;
  /** Undefined: it cannot be seen now, so what it said stays. */
  readonly now: PolicyFile | undefined;
  readonly lastGood: PolicyFile | undefined;
  /** It lies in a path that is confined to namespaces, and so yields to any file that does not. */
  readonly isConfined?: boolean;
}

/** What comes into force, and what keeps the rest from it. */
export interface Choice {
  /** What comes into force, without errors and duplicates, in the order of the candidates. */
  readonly inForce: readonly PolicyFile[];
  /** Findings of what the files say now. */
  readonly findings: readonly Finding[];
  /** `file:line` of what keeps a file from coming into force. */
  readonly degraded: readonly string[];
  /** Files with errors that have no last good content: at start, nothing may come into force. */
  readonly lost: readonly string[];
}

/**
 * Chooses what comes into force. A conflict of names is the fault of the file that is confined to namespaces; else of the one that brings something new;
 * if both do, of the later one.
 */
export function chooseInForce(candidates: readonly Candidate[]): Choice {
  const chosen = new Map<string, PolicyFile>();
  const conflicts = new Map<string, Finding>();
  for (const { file, now, lastGood } of candidates) {
    const choice = now === undefined || now.hasErrors ? lastGood : now;
    if (choice !== undefined) chosen.set(file, choice);
  }
  const byFile = new Map(candidates.map((candidate) => [candidate.file, candidate]));
  for (;;) {
    const [conflict] = duplicatesAmong([...chosen.values()]);
    if (conflict === undefined) break;
    const [later, earlier] = [byFile.get(conflict.file.file), byFile.get(conflict.other.file.file)];
    const laterIsOld = later?.lastGood === conflict.file;
    const earlierIsOld = earlier?.lastGood === conflict.other.file;
    const [laterYields, earlierYields] = [later?.isConfined === true, earlier?.isConfined === true];
    const isEarlier = laterYields === earlierYields ? laterIsOld && !earlierIsOld : earlierYields;
    const atFault = isEarlier
      ? { ...conflict, ...conflict.other, other: { file: conflict.file, document: conflict.document } }
      : conflict;
    const name = atFault.file.file;
    conflicts.set(name, duplicateFinding(atFault));
    const fallback = byFile.get(name)?.lastGood;
    if (fallback === undefined || fallback === atFault.file) chosen.delete(name);
    else chosen.set(name, fallback);
  }
  return report(candidates, chosen, conflicts);
}

function report(
  candidates: readonly Candidate[],
  chosen: ReadonlyMap<string, PolicyFile>,
  conflicts: ReadonlyMap<string, Finding>,
): Choice {
  const findings: Finding[] = [];
  const degraded: string[] = [];
  const lost: string[] = [];
  for (const { file, now } of candidates) {
    const conflict = conflicts.get(file);
    findings.push(...(now?.findings ?? []));
    if (conflict !== undefined) findings.push(conflict);
    const place = firstErrorPlace(now?.findings ?? []) ?? (conflict && placeText(conflict, conflict.path));
    if (place === undefined) continue;
    degraded.push(place);
    if (!chosen.has(file)) lost.push(file);
  }
  return { inForce: candidates.flatMap(({ file }) => chosen.get(file) ?? []), findings, degraded, lost };
}

/**
 * Chooses what comes into force. Where no pod is left in files (a list that could not be made, a file that was cleared away), those that hold the
 * last ones keep what they held: whom a policy knew by them nobody would know any more.
 *
 * @param last  what is in force now
 */
export function chooseKeepingPods(candidates: readonly Candidate[], last: readonly PolicyFile[]): Choice {
  const choice = chooseInForce(candidates);
  // A cluster says of each object that it is gone; files may only be away.
  const holders = last.filter((each) => holdsPods(each) && !isObjectPlace(each.file));
  const [first] = holders;
  if (first === undefined || choice.inForce.some(holdsPods)) return choice;
  const others = candidates.filter(({ file }) => !holders.some((holder) => holder.file === file));
  const kept = holders.map((lastGood): Candidate => {
    const now = candidates.find(({ file }) => file === lastGood.file);
    return { ...now, file: lastGood.file, now: undefined, lastGood };
  });
  const { findings, degraded, ...rest } = chooseInForce([...others, ...kept]);
  const finding = registryEmptiedFinding(first.file);
  return { ...rest, findings: [...findings, finding], degraded: [...degraded, first.file] };
}

/**
 * The choice with other files of the registry in the places of some that conflict with none, as those of a cluster.
 *
 * @param before  files that were chosen @param now  what is in their places, one for each
 */
export function withOthers(choice: Choice, before: readonly PolicyFile[], now: readonly PolicyFile[]): Choice {
  const other = new Map(before.map((file, i) => [file, now[i]!])); // one for each
  const old = new Set(before.flatMap(({ findings }) => findings));
  const oldPlaces = new Set(before.flatMap(({ findings }) => firstErrorPlace(findings) ?? []));
  return {
    ...choice,
    inForce: choice.inForce.map((file) => other.get(file) ?? file),
    findings: [...choice.findings.filter((finding) => !old.has(finding)), ...now.flatMap(({ findings }) => findings)],
    degraded: [
      ...choice.degraded.filter((place) => !oldPlaces.has(place)),
      ...now.flatMap(({ findings }) => firstErrorPlace(findings) ?? []),
    ],
  };
}

const known = new WeakMap<PolicyFile, boolean>();

/** Files are read once and looked at again and again. */
function holdsPods(file: PolicyFile): boolean {
  let holds = known.get(file);
  if (holds === undefined) {
    holds = file.documents.some(({ contribution }) => contribution?.to === 'endpoint');
    known.set(file, holds);
  }
  return holds;
}
