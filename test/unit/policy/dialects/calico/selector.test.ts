import assert from 'node:assert/strict';
import { parseSelector } from '../../../../../src/policy/dialects/calico/selector.ts';
import { labelsMatch } from '../../../../../src/policy/meaning/labels.ts';

const cases: readonly { name: string; selector: string; labels: Record<string, string>; want: boolean }[] = [
  { name: 'the empty selector selects everything', selector: '', labels: {}, want: true },
  { name: 'all() selects everything', selector: ' all() ', labels: {}, want: true },
  { name: 'equality', selector: "color == 'red'", labels: { color: 'red' }, want: true },
  { name: 'equality with a missing label', selector: "color == 'red'", labels: {}, want: false },
  { name: '!= with a missing label', selector: "color != 'red'", labels: {}, want: true },
  { name: 'in', selector: 'color in {"red", \'blue\',}', labels: { color: 'blue' }, want: true },
  { name: 'the empty set', selector: 'color in {}', labels: { color: 'blue' }, want: false },
  { name: 'not in with a missing label', selector: 'color not in {"red"}', labels: {}, want: true },
  { name: 'words may touch', selector: 'color notin {"red"}', labels: { color: 'red' }, want: false },
  { name: 'starts with', selector: 'v starts with "v1"', labels: { v: 'v10' }, want: true },
  { name: 'ends with', selector: 'v endswith "0"', labels: { v: 'v10' }, want: true },
  { name: 'contains', selector: 'v contains "10"', labels: { v: 'v100' }, want: true },
  { name: '&& binds tighter than ||', selector: 'has(a) || has(b) && has(c)', labels: { a: '' }, want: true },
  { name: 'a run of ! folds to parity', selector: '!!!has(a)', labels: {}, want: true },
  { name: '! negates the whole comparison', selector: '!a in {"x"}', labels: { a: 'x' }, want: false },
  { name: 'brackets', selector: '!(has(a) || has(b))', labels: { b: '' }, want: false },
  {
    name: 'an operator word may be a label',
    selector: 'in == "x" && has == "y"',
    labels: { in: 'x', has: 'y' },
    want: true,
  },
  {
    name: 'slashes and dots in labels',
    selector: 'projectcalico.org/name == "a"',
    labels: { 'projectcalico.org/name': 'a' },
    want: true,
  },
  { name: 'the other quote inside', selector: `a == "it's"`, labels: { a: "it's" }, want: true },
];

const faults: readonly { selector: string; column: number; message: RegExp }[] = [
  { selector: 'a = "b"', column: 3, message: /expected ==/ },
  { selector: 'a == b', column: 6, message: /string in quotes/ },
  { selector: 'a == "b', column: 6, message: /no closing/ },
  { selector: '(has(a)', column: 8, message: /expected \)/ },
  { selector: 'has (a)', column: 5, message: /expected ==/ },
  { selector: 'has(a) has(b)', column: 8, message: /expected && or \|\|/ },
  { selector: 'a in {"x" "y"}', column: 11, message: /expected }/ },
  { selector: 'a &&', column: 3, message: /expected ==/ },
  { selector: 'has(a) &&', column: 10, message: /expected a label/ },
  { selector: 'has(a) && global()', column: 11, message: /stand alone/ },
  { selector: 'a in{"x"} && a iny {"z"}', column: 16, message: /expected ==/ },
];

describe('parseSelector', () => {
  for (const { name, selector, labels, want } of cases) {
    it(name, () => {
      const parsed = parseSelector(selector);
      assert.ok(parsed.ok, JSON.stringify(parsed));
      assert.equal(labelsMatch(parsed.expr, new Map(Object.entries(labels))), want);
    });
  }

  for (const { selector, column, message } of faults) {
    it(`names the column in ${JSON.stringify(selector)}`, () => {
      const parsed = parseSelector(selector);
      assert.ok(!parsed.ok);
      assert.equal(parsed.column, column);
      assert.match(parsed.message, message);
    });
  }

  it('knows global()', () =>
    assert.deepEqual(parseSelector('global()'), { ok: true, expr: { op: 'all', of: [] }, global: true }));

  it('reads 10,000 terms', () => {
    assert.ok(parseSelector(Array.from({ length: 10_000 }, (_, i) => `a == "${i}"`).join(' || ')).ok);
  });

  it('refuses brackets without end instead of overflowing the stack', () => {
    const parsed = parseSelector('('.repeat(100_000));
    assert.ok(!parsed.ok);
    assert.match(parsed.message, /open brackets/);
  });
});
