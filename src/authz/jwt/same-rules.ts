/**
 * Whether two sets of token rules judge every token alike, wherever they were written.
 * @module
 */
import type { TokenRule } from '../../policy/model.ts';

/** What was compared last with rules of a set: sets are compared for every request, and change seldom. */
const compared = new WeakMap<readonly TokenRule[], { readonly other: readonly TokenRule[]; readonly same: boolean }>();

/** Tells whether the rules are the same, in the same order. */
export function areSameRules(one: readonly TokenRule[], other: readonly TokenRule[]): boolean {
  if (one === other) return true;
  const known = compared.get(one);
  if (known?.other === other) return known.same;
  const same = one.length === other.length && textOf(one) === textOf(other);
  compared.set(one, { other, same });
  return same;
}

const textOf = (rules: readonly TokenRule[]): string =>
  JSON.stringify(rules.map((rule) => ({ ...rule, position: undefined })));
