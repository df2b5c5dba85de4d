/**
 * What may be asked of the exact engine before it says that it does not know.
 * @module
 */
import { getHeapStatistics } from 'node:v8';

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

/** What an answer may take. `check` is called often, wherever time and memory go. */
export interface Effort {
  /** @throws BoundMet if it took too long, or no memory is left */
  check(): void;
}

/** Looks at the clock each so many calls. */
const EVERY = 256;
/** Looks at memory each so many looks at the clock. */
const EVERY_LOOK = 64;
/** Of the heap that the process may have. */
const MOST_HEAP = 0.85;

/** An answer may take all the time there is, and what memory there is. */
export const anyEffort: Effort = createEffort(Infinity);

/** Starts the clock. @param ms  the time an answer may take */
export function createEffort(ms: number): Effort {
  const endMs = performance.now() + ms;
  let calls = 0;
  return {
    check() {
      if (++calls % EVERY !== 0) return;
      if (performance.now() > endMs) throw new BoundMet(`more than ${ms / 1000} s of time`);
      if (calls % (EVERY * EVERY_LOOK) !== 0) return;
      const { used_heap_size: used, heap_size_limit: most } = getHeapStatistics();
      if (used > most * MOST_HEAP)
        throw new BoundMet(`more than ${Math.round((most * MOST_HEAP) / 2 ** 20)} MiB of memory`);
    },
  };
}

/** States of one automaton. */
export const MOST_STATES = 20_000;
/** Nodes of all diagrams together; each takes some hundred bytes. */
export const MOST_NODES = 4_000_000;
