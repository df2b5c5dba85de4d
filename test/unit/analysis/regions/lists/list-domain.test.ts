import assert from 'node:assert/strict';
import fc from 'fast-check';
import { languageDomain } from '../../../../../src/analysis/regions/languages.ts';
import { type ListDomain, listDomain } from '../../../../../src/analysis/regions/lists/list-domain.ts';
import { listParts } from '../../../../../src/analysis/regions/lists/list-parts.ts';
import { sampleList } from '../../../../../src/analysis/regions/lists/sample-list.ts';
import { createListPrinter } from '../../../../../src/analysis/regions/lists/shown-lists.ts';
import { anyOf } from '../../../../../src/analysis/regions/pattern-automaton.ts';
import { matches } from '../../../../../src/policy/evaluate/plain-match.ts';
import type { TextPattern } from '../../../../../src/policy/model.ts';

const exact = (value: string): TextPattern => ({ is: 'exact', value });
const prefix = (value: string): TextPattern => ({ is: 'prefix', value });
const present: TextPattern = { is: 'present' };

const conditions: readonly (readonly TextPattern[])[] = [
  [exact('a')],
  [prefix('a')],
  [exact('b'), exact('')],
  [{ is: 'nonEmpty' }],
  [{ is: 'suffix', value: 'b' }],
];
const values = ['', 'a', 'ab', 'b', 'xb', 'x'];
const lists = values.flatMap((one, i) => [[one], ...values.slice(i + 1).map((other) => [one, other])]).concat([[]]);

const domain = (order = conditions, isSingle = false): ListDomain =>
  listDomain({ texts: languageDomain({ universe: [[anyOf([[32, 126]])]] }), conditions: order, isSingle });

/** A set of lists, and whether a list is in it. */
type Made = readonly [set: number, holds: (list: readonly string[]) => boolean];

/** Sets put together at random of conditions. */
function setsOf(of: ListDomain): fc.Arbitrary<Made> {
  const one = fc.nat(conditions.length - 1).map((i): Made => {
    const any = conditions[i]!;
    return [of.having(any), (list) => list.some((value) => any.some((pattern) => matches(pattern, value)))];
  });
  return fc.letrec<{ set: Made }>((tie) => ({
    set: fc.oneof(
      { maxDepth: 4 },
      one,
      tie('set').map(([set, holds]): Made => [of.minus(of.full, set), (list) => !holds(list)]),
      fc.tuple(tie('set'), tie('set')).map(([a, b]): Made => [of.and(a[0], b[0]), (list) => a[1](list) && b[1](list)]),
      fc.tuple(tie('set'), tie('set')).map(([a, b]): Made => [of.or(a[0], b[0]), (list) => a[1](list) || b[1](list)]),
    ),
  })).set;
}

const holdsPart = (of: ListDomain, list: readonly string[], { some, none }: ReturnType<typeof listParts>[number]) => {
  const isOf = (language: number): boolean =>
    list.some((value) => of.kinds.some((kind) => of.texts.and(kind, language) === kind && kindHolds(of, kind, value)));
  return some.every(isOf) && !isOf(none);
};
const kindHolds = (of: ListDomain, kind: number, value: string): boolean =>
  of.texts.and(kind, of.texts.ofPatterns([exact(value)])) !== 0;

describe('sets of lists of values', () => {
  it('are one number where the same lists are in them, however they were asked for', () => {
    const of = domain();
    const all = of.having([present]);
    assert.equal(of.and(of.having([exact('a')]), all), of.having([exact('a')]));
    assert.equal(of.minus(of.having([exact('a')]), of.having([prefix('a')])), 0);
    assert.equal(of.or(of.having([exact('b'), exact('')]), of.having([{ is: 'nonEmpty' }])), all);
  });

  it('hold the lists that the conditions hold for, and no others', () => {
    const of = domain();
    fc.assert(
      fc.property(setsOf(of), setsOf(of), ([a, holdsA], [b, holdsB]) => {
        const parts = listParts(of, a);
        for (const list of lists) {
          const held = parts.filter((part) => holdsPart(of, list, part)).length;
          assert.equal(held, holdsA(list) ? 1 : 0, JSON.stringify({ list, parts }));
        }
        const isSame = lists.every((list) => holdsA(list) === holdsB(list));
        if (a === b) assert.ok(isSame);
        if (a !== 0) assert.ok(holdsA(sampleList(of, a)!));
      }),
    );
  });

  it('are printed one way, whatever order the conditions came in', () => {
    const fact = { of: 'header', name: 'h' } as const;
    const [one, other] = [domain(), domain(conditions.toReversed())];
    const shown = (of: ListDomain): string => {
      const odd = of.or(
        of.having([prefix('a')]),
        of.minus(of.having([exact('b'), exact('')]), of.having([exact('a')])),
      );
      return JSON.stringify(createListPrinter(fact, of)(odd));
    };
    assert.equal(shown(one), shown(other));
  });

  it('of one value at most hold no two', () => {
    const of = domain(conditions, true);
    assert.equal(of.and(of.having([exact('a')]), of.having([{ is: 'suffix', value: 'b' }])), 0);
    assert.deepEqual(listParts(of, of.empty), [{ some: [], none: of.texts.full }]);
  });

  it('say which condition asks for too many kinds', () => {
    const many = Array.from({ length: 13 }, (_, i): TextPattern[] => [
      { is: 'glob', parts: ['', String.fromCharCode(97 + i), ''] },
    ]);
    assert.throws(() => domain(many), { name: 'BoundMet' });
  });
});
