/**
 * The other rules of which a finding speaks, and where they stand.
 * @module
 */
import type { Position } from './position.ts';

/** A rule or a whole policy (document) beside the one that a finding is about. */
export interface OtherRule {
  readonly kind: string;
  /** `NAMESPACE/NAME`, or `NAME` where there is no namespace. */
  readonly policy: string;
  /** Its place in the document from 0; null: all of the document is meant. */
  readonly rule: number | null;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Named {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Names a rule; without one, the whole document. */
export function otherRule(
  { kind, namespace, name }: Named,
  { file, line, column }: Position,
  rule: number | null = null,
): OtherRule {
  return { kind, policy: namespace === '' ? name : `${namespace}/${name}`, rule, file, line, column };
}

/** The member of a finding that has them, each once; nothing where there are none. */
export function withOthers(others: readonly OtherRule[]): { readonly others?: readonly OtherRule[] } {
  if (others.length === 0) return {};
  return { others: [...new Map(others.map((other) => [JSON.stringify(other), other])).values()] };
}
