/**
 * The keys under which rules are indexed, remembered from one compilation to the next.
 *
 * How well a key tells rules apart is measured over all of them, which is most of the work of a compilation. It only decides which cover of a
 * condition is cheapest, and any cover is right: so while few rules are new the last measurement still holds.
 * @module
 */
import type { Work } from '../../../lib/work.ts';
import type { Expr } from '../../model.ts';
import { type Cover, cheapestCover } from './anchor.ts';
import { type CostOf, selectivityWork } from './selectivity.ts';

interface IndexedRule {
  readonly condition: Expr;
  readonly unknownHolds: boolean;
}

/** Fewer rules are measured each time. */
const MANY_RULES = 1_000;
/** The share of new rules, or of more or fewer, at which they are measured again. */
const MOST_NEW = 0.05;

/** One measurement, and the covers that were chosen by it. */
export class MeasuredCovers {
  readonly #costOf: CostOf;
  readonly #count: number;
  readonly #plain = new WeakMap<Expr, Cover>();
  readonly #withAbsent = new WeakMap<Expr, Cover>();
  #chosen = 0;

  constructor(costOf: CostOf, count: number) {
    this.#costOf = costOf;
    this.#count = count;
  }

  /** The cheapest cover of a condition, or what comes near it; undefined if it has none. */
  coverOf({ condition, unknownHolds }: IndexedRule): Cover | undefined {
    const known = unknownHolds ? this.#withAbsent : this.#plain;
    let cover = known.get(condition);
    if (cover === undefined) {
      cover = cheapestCover(condition, this.#costOf, unknownHolds) ?? none;
      known.set(condition, cover);
      this.#chosen++;
    }
    return cover === none ? undefined : cover;
  }

  /** Tells whether it still holds for so many rules. */
  holdsFor(count: number): boolean {
    const most = this.#count * MOST_NEW;
    return this.#chosen - this.#count <= most && Math.abs(count - this.#count) <= most;
  }
}

const none: Cover = { keys: [], cost: 1 };

/** Stores the covers of one snapshot for the next, by a name that the same rules have each time. */
export class CoverCache {
  readonly #known = new Map<string, MeasuredCovers>();
  readonly #used = new Set<string>();
  readonly #manyRules: number;

  constructor({ manyRules = MANY_RULES } = {}) {
    this.#manyRules = manyRules;
  }

  /** Returns the covers for some rules: the last ones of that name while they hold, else newly measured ones. */
  *for(name: string, rules: readonly IndexedRule[]): Work<MeasuredCovers> {
    this.#used.add(name);
    const last = this.#known.get(name);
    if (last?.holdsFor(rules.length)) return last;
    const covers = yield* measureCovers(rules);
    if (rules.length >= this.#manyRules) this.#known.set(name, covers);
    else this.#known.delete(name);
    return covers;
  }

  /** Forgets what was not asked for since the last time. */
  retain(): void {
    for (const name of this.#known.keys()) if (!this.#used.has(name)) this.#known.delete(name);
    this.#used.clear();
  }
}

/** Measures the rules anew, for one use. */
export function* measureCovers(rules: readonly IndexedRule[]): Work<MeasuredCovers> {
  return new MeasuredCovers(yield* selectivityWork(rules), rules.length);
}
