/**
 * What the trees of a workload leave for the next ones: after an edit nearly everything is as it was.
 * @module
 */
import type { Policy } from '../../model.ts';
import { Filing } from './file-rules.ts';

interface Known<T> {
  readonly policies: readonly Policy[];
  readonly all: readonly T[];
}

/** Of one workload; `T` is what a policy comes to. Equal input comes to equal trees, whatever is remembered. */
export class TreeMemory<T> {
  readonly #filings = new Map<string, Filing>();
  readonly #known = new Map<string, Known<T>>();

  /** The filing of the place of that name. */
  filing(name: string): Filing {
    let filing = this.#filings.get(name);
    if (filing === undefined) {
      filing = new Filing();
      this.#filings.set(name, filing);
    }
    return filing;
  }

  /** What all policies come to, one after the other. @param name  of all that `tell` depends on besides the policy */
  told(name: string, policies: readonly Policy[], tell: (policy: Policy) => readonly T[]): readonly T[] {
    const last = this.#known.get(name);
    if (last !== undefined && isSame(last.policies, policies)) return last.all;
    const all: T[] = [];
    for (const policy of policies) for (const each of tell(policy)) all.push(each);
    this.#known.set(name, { policies, all });
    return all;
  }
}

const isSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((each, i) => each === b[i]);
