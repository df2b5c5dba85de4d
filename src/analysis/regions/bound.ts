/**
 * What may be asked of the exact engine before it says that it does not know.
 * @module
 */

/** Where what cannot be answered was written. */
export interface Culprit {
  readonly policy: string;
  readonly rule: number;
  readonly file: string;
  readonly line: number;
}

interface NamedPolicy {
  readonly ref: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly position: { readonly file: string; readonly line: number };
}

/** Thrown where an answer would cost too much, or cannot be represented; the answer is `unknown`, never a guess. */
export class BoundMet extends Error {
  override readonly name = 'BoundMet';
  readonly culprit: Culprit | undefined;

  constructor(message: string, culprit?: Culprit) {
    super(message);
    this.culprit = culprit;
  }

  /** The same, naming a rule. */
  at(
    { ref, position }: NamedPolicy,
    rule: { readonly index: number; readonly position: { readonly line: number } },
  ): BoundMet {
    const policy = `${ref.kind} ${ref.namespace === '' ? '' : `${ref.namespace}/`}${ref.name}`;
    return new BoundMet(this.message, {
      policy,
      rule: rule.index,
      file: position.file,
      line: rule.position.line,
    });
  }
}

/** States of one automaton. */
export const MOST_STATES = 20_000;
/** Nodes of all diagrams together; each takes some hundred bytes. */
export const MOST_NODES = 4_000_000;
