/**
 * Chooses the input by which a group of rules is filed, by what is counted of their values: the same counts, the same choice.
 * @module
 */
import type { Input } from '../tree/tree.ts';
import { type FiledRule, hasBeside, isFit, lookupsBelow } from './filed-rule.ts';

/** What the rules of a group have at one input. */
interface Count {
  readonly exact: Map<string, number>;
  readonly prefixes: Map<string, number>;
  /** Rules that are filed by it, and those of them that ask for more below, for more than one lookup says, or beside. */
  filed: number;
  open: number;
  deep: number;
  besides: number;
  /** Over the keys: how many rules lie under each, summed, and the squares of it. */
  sum: number;
  squares: number;
}

/** Groups that are not larger are tried one by one, but where a map says all. */
const FEW = 2;

/** Counts of a group, kept up to date while rules come and go. */
export class KeyCounts {
  readonly #byInput = new Map<Input, Count>();
  #rules = 0;

  add(rule: FiledRule): void {
    this.#change(rule, 1);
  }

  remove(rule: FiledRule): void {
    this.#change(rule, -1);
  }

  #change(rule: FiledRule, by: 1 | -1): void {
    this.#rules += by;
    for (const way of rule.ways) {
      if (!isFit(rule, way)) continue;
      const { input, exact, prefixes } = way;
      let count = this.#byInput.get(input);
      if (count === undefined) {
        count = { exact: new Map(), prefixes: new Map(), filed: 0, open: 0, deep: 0, besides: 0, sum: 0, squares: 0 };
        this.#byInput.set(input, count);
      }
      count.filed += by;
      const below = lookupsBelow(rule, way);
      if (below !== 0) count.open += by;
      if (below === 'more') count.deep += by;
      if (hasBeside(way)) count.besides += by;
      for (const key of exact) move(count, count.exact, key, by);
      for (const key of prefixes) move(count, count.prefixes, key, by);
    }
  }

  /** The input to file by; undefined if filing does not help. */
  best(): Input | undefined {
    const some = [...this.#byInput].flatMap(([input, count]) => {
      if (!this.#helps(count)) return [];
      const left = this.#rules - count.filed + count.squares / count.sum;
      return [{ input, left, subtrees: this.#subtrees(count) / count.filed }];
    });
    some.sort((a, b) => a.subtrees - b.subtrees || a.left - b.left || (a.input < b.input ? -1 : 1));
    return some[0]?.input;
  }

  #helps({ exact, prefixes, filed, open, besides, sum, squares }: Count): boolean {
    if (filed === 0) return false;
    const saysAll = filed === this.#rules && open + besides === 0 && exact.size + prefixes.size <= 2 * this.#rules;
    return saysAll || (this.#rules > FEW && filed > squares / sum);
  }

  /** How many subtrees follow, at least: below each of them an input is written, which is longer than most keys. */
  #subtrees(count: Count): number {
    const keys = keysOf(count);
    if (count.open === 0) return 0;
    if (count.deep === 0) return keys;
    const others = [...this.#byInput.values()].filter((each) => each !== count && each.open > 0).map(keysOf);
    return keys + (others.length === 0 ? keys : Math.max(keys, Math.min(...others)));
  }
}

const keysOf = ({ exact, prefixes }: Count): number => exact.size + prefixes.size;

function move(count: Count, keys: Map<string, number>, key: string, by: 1 | -1): void {
  const before = keys.get(key) ?? 0;
  const now = before + by;
  if (now === 0) keys.delete(key);
  else keys.set(key, now);
  count.sum += by;
  count.squares += now * now - before * before;
}
