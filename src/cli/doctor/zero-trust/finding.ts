/**
 * What is said of a requirement, and what it comes to: one thing that is false makes it false, one that is unknown keeps it from being true.
 * @module
 */
import type { Known } from './evidence.ts';

/** Whether something holds; `unknown` is never counted as true. */
export type State = 'true' | 'false' | 'unknown';

/** One thing that was looked at. */
export interface Finding {
  readonly state: State;
  /** What was seen. */
  readonly evidence: string;
  /** What to do; empty where nothing is to be done. */
  readonly fix: string;
}

export const holds = (evidence: string): Finding => ({ state: 'true', evidence, fix: '' });
export const fails = (evidence: string, fix: string): Finding => ({ state: 'false', evidence, fix });
export const unknown = (evidence: string, fix: string): Finding => ({ state: 'unknown', evidence, fix });

/** Judges what is known; says why where it is not. */
export function judged<T>(known: Known<T>, fix: string, judge: (value: T) => readonly Finding[]): readonly Finding[] {
  return 'value' in known ? judge(known.value) : [unknown(known.why, fix)];
}

/** A list of faults, each of which fails; the sentence where there are none. */
export function noneOf(faults: readonly string[], fix: string, otherwise: string): readonly Finding[] {
  return faults.length === 0 ? [holds(otherwise)] : faults.map((fault) => fails(fault, fix));
}

/** What findings come to. Of nothing that was looked at nothing is known. */
export function stateOf(findings: readonly Finding[]): State {
  if (findings.some(({ state }) => state === 'false')) return 'false';
  return findings.length === 0 || findings.some(({ state }) => state === 'unknown') ? 'unknown' : 'true';
}

/** The same of a list of which nothing is proved while it is empty. */
export function judgedSome<T>(
  known: Known<readonly T[]>,
  none: string,
  fix: string,
  judge: (all: readonly T[]) => readonly Finding[],
): readonly Finding[] {
  return judged(known, fix, (all) => (all.length === 0 ? [unknown(none, fix)] : judge(all)));
}
