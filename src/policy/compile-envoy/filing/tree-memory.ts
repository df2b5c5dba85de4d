/**
 * What the trees of a workload leave for the next ones: after an edit nearly everything is as it was.
 * @module
 */
import type { Policy } from '../../model.ts';
import { sameEnds } from './change-between.ts';
import { Filing } from './file-rules.ts';

interface Known<T> {
  readonly policies: readonly Policy[];
  readonly all: readonly T[];
  /** Where in `all` that of each policy begins, and where it ends. */
  readonly starts: readonly number[];
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
    const { head, tail } = last === undefined ? { head: 0, tail: 0 } : sameEnds(last.policies, policies);
    if (last !== undefined && head + tail === policies.length && policies.length === last.policies.length)
      return last.all;
    const all: T[] = last?.all.slice(0, last.starts[head]) ?? [];
    const starts = last?.starts.slice(0, head) ?? [];
    for (const policy of policies.slice(head, policies.length - tail)) {
      starts.push(all.length);
      for (const each of tell(policy)) all.push(each);
    }
    if (last !== undefined) {
      const from = last.policies.length - tail;
      const first = last.starts[from]!; // starts has one more than policies
      const moved = all.length - first;
      for (let i = from; i < last.policies.length; i++) starts.push(last.starts[i]! + moved);
      for (let i = first; i < last.all.length; i++) all.push(last.all[i]!);
    }
    starts.push(all.length);
    this.#known.set(name, { policies, all, starts });
    return all;
  }
}
