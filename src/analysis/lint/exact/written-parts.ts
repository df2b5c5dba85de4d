/**
 * What is written in a rule one beside the other: values of a list, entries of which one is enough, labels of its policy's selector.
 * @module
 */
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Atom, Expr, Policy, Rule } from '../../../policy/model.ts';
import { wordsOf, workloadWords } from '../scene/words.ts';

/** A rule as far as one of them goes. */
export interface WrittenPart {
  /** What is written. */
  readonly text: string;
  /** The policy and the rule if nothing else were written beside it. */
  readonly policy: Policy;
  readonly rule: Rule;
  /** The rule if it were not written; undefined for a part of the policy's selector. */
  readonly without: Rule | undefined;
  /** Parts of this part. */
  readonly inner: readonly WrittenPart[];
}

/** The parts of a rule; those that connections have apart from requests are not looked at. */
export function writtenParts(policy: Policy, rule: Rule): readonly WrittenPart[] {
  if (rule.tcp !== undefined && rule.tcp !== rule.http) return [];
  const withCondition = (http: Expr): Rule => ({ ...rule, http, tcp: rule.tcp && http });
  const made = ({ text, only, without, inner }: Part): WrittenPart => ({
    ...{ text, policy, rule: withCondition(only), without: withCondition(without) },
    inner: inner.map(made),
  });
  return [...partsOf(rule.http).map(made), ...ofSubject(policy, rule)];
}

interface Part {
  readonly text: string;
  readonly only: Expr;
  readonly without: Expr;
  readonly inner: readonly Part[];
}

function partsOf(expr: Expr): readonly Part[] {
  switch (expr.op) {
    case 'all':
      return expr.of.flatMap((part, i) => {
        const around = (inner: Expr): Expr => ({ ...expr, of: expr.of.with(i, inner) });
        return partsOf(part).map((each) => within(each, around, around));
      });
    case 'any':
      return expr.of.length === 1 ? partsOf(expr.of[0]!) : expr.of.map((branch, i) => branchOf(expr, branch, i));
    case 'not':
      return [];
    default:
      return valuesOf(expr);
  }
}

function branchOf(expr: Extract<Expr, { op: 'any' }>, branch: Expr, i: number): Part {
  const without: Expr = { ...expr, of: expr.of.toSpliced(i, 1) };
  const inner = partsOf(branch).map((each) =>
    within(
      each,
      (only) => only,
      (left) => ({ ...expr, of: expr.of.with(i, left) }),
    ),
  );
  return { text: wordsOf(branch), only: branch, without, inner };
}

const within = (part: Part, only: (inner: Expr) => Expr, without: (inner: Expr) => Expr): Part => ({
  ...{ text: part.text, only: only(part.only), without: without(part.without) },
  inner: part.inner.map((each) => within(each, only, without)),
});

function valuesOf(atom: Atom): readonly Part[] {
  const made = (only: Expr, without: Expr): Part => ({ text: wordsOf(only), only, without, inner: [] });
  switch (atom.op) {
    case 'text':
      return entries(atom.any).map(({ one, others }) => made({ ...atom, any: one }, { ...atom, any: others }));
    case 'address':
      return entries(atom.any).map(({ one, others }) => made({ ...atom, any: one }, { ...atom, any: others }));
    case 'port':
      return entries(atom.any).map(({ one, others }) => made({ ...atom, any: one }, { ...atom, any: others }));
    case 'protocol':
      return entries(atom.any).map(({ one, others }) => made({ ...atom, any: one }, { ...atom, any: others }));
    case 'endpoint':
      return labelsOf(atom.selector).map(({ one, others }) =>
        made({ ...atom, selector: one }, { ...atom, selector: others }),
      );
    default:
      return [];
  }
}

/** Each of several, and all but it. */
const entries = <T>(all: readonly T[]): readonly { readonly one: readonly T[]; readonly others: readonly T[] }[] =>
  all.length < 2 ? [] : all.map((each, i) => ({ one: [each], others: all.toSpliced(i, 1) }));

/** A selector with each of the values of one label alone. */
function labelsOf(selector: LabelExpr): readonly { readonly one: LabelExpr; readonly others: LabelExpr }[] {
  if (selector.op === 'in')
    return entries(selector.values).map(({ one, others }) => ({
      one: { ...selector, values: one },
      others: { ...selector, values: others },
    }));
  if (selector.op === 'any')
    return entries(selector.of).map(({ one, others }) => ({ one: one[0]!, others: { ...selector, of: others } }));
  if (selector.op !== 'all') return [];
  return selector.of.flatMap((part, i) =>
    labelsOf(part).map(({ one, others }) => ({
      one: { ...selector, of: selector.of.with(i, one) },
      others: { ...selector, of: selector.of.with(i, others) },
    })),
  );
}

/** The workloads of each value that the policy's selector names. */
function ofSubject(policy: Policy, rule: Rule): readonly WrittenPart[] {
  const { selector } = policy.subject;
  if (selector === undefined) return [];
  return labelsOf(selector).map(({ one }) => ({
    text: workloadWords(one),
    policy: { ...policy, subject: { ...policy.subject, selector: one } },
    ...{ rule, without: undefined, inner: [] },
  }));
}
