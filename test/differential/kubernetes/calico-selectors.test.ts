import assert from 'node:assert/strict';
import { parseSelector } from '../../../src/policy/dialects/calico/selector.ts';
import { labelsMatch } from '../../../src/policy/meaning/labels.ts';
import { Chance } from '../../reference/calico-random.ts';
import { askJudge, buildJudge } from './go-judge.ts';

const SELECTORS = 60_000;

const pieces = [
  ...['a', 'in', 'has', 'all', 'not', 'global', 'a.b/c-d', 'contains', 'x_1', '-', '7'],
  ...[
    '==',
    '!=',
    '=',
    '!',
    '!!',
    'in',
    'not in',
    'notin',
    'not  in',
    'contains',
    'starts with',
    'startswith',
    'ends\twith',
  ],
  ...['"x"', "'x'", '"it\'s"', "'", '""', '"x y"', '{"x"}', '{\'x\', "y",}', '{}', '{,}', '{', '}'],
  ...['&&', '||', '&', '(', ')', 'has(a)', 'has( in )', 'has()', 'has (a)', 'all()', 'all( )', ','],
  ...[' ', '  ', '\t'],
];

const labelSets: readonly Record<string, string>[] = [
  {},
  { a: 'x' },
  { a: 'y', in: 'x' },
  { 'a.b/c-d': 'x y', has: '' },
  { a: "it's", all: 'x', not: 'x', contains: 'x', x_1: 'xx', '-': 'x', '7': 'yx', global: 'x' },
];

/** A well-formed expression, now and then with a piece too many, too few, or another one in its place. */
function selector(chance: Chance): string {
  const words = expression(chance, 3);
  if (chance.odds(0.5)) return words.join(chance.of([' ', ' ', '\t', '']));
  const at = chance.below(words.length);
  words.splice(at, chance.below(2), ...(chance.odds(0.8) ? [chance.of(pieces)] : []));
  return words.join(chance.of([' ', '']));
}

function expression(chance: Chance, depth: number): string[] {
  const key = chance.of(['a', 'in', 'has', 'a.b/c-d', 'x_1', 'not', 'all', '-', '7', 'contains']);
  const value = chance.of(['"x"', "'x'", '"y"', "'it\"s'", '""', '"it\'s"']);
  const simple = chance.of([
    [key, chance.of(['==', '!=', 'contains', 'starts with', 'ends with', 'startswith']), value],
    [key, chance.of(['in', 'not in', 'notin']), chance.of(["{'x'}", '{"x", "y"}', '{}', '{"x",}'])],
    [`has(${key})`],
    ['all()'],
  ]);
  const whole =
    depth > 0 && chance.odds(0.5)
      ? [...expression(chance, depth - 1), chance.of(['&&', '||']), ...expression(chance, depth - 1)]
      : simple;
  if (chance.odds(0.2)) return ['(', ...whole, ')'];
  return chance.odds(0.2) ? ['!', ...whole] : whole;
}

describe("the selector language against Calico's own parser", () => {
  it(`accepts, refuses and matches as it does on ${SELECTORS} random expressions`, async () => {
    const seed = Date.now() % 1_000_000;
    const chance = new Chance(seed);
    const asked = Array.from({ length: SELECTORS }, () => selector(chance)).filter((text) => text.length <= 1024);
    const answers = await askJudge<unknown, { readonly ok: boolean; readonly matches: readonly boolean[] }>(
      buildJudge('calico-selectors'),
      asked.map((text) => ({ Selector: text, Labels: labelSets })),
    );
    let accepted = 0;
    for (const [i, text] of asked.entries()) {
      const parsed = parseSelector(text);
      const { ok, matches } = answers[i]!; // as many as were asked
      if (ok) accepted += 1;
      assert.equal(parsed.ok, ok, `seed ${seed}: ${JSON.stringify(text)}: ${JSON.stringify(parsed)}`);
      if (!parsed.ok) continue;
      assert.deepEqual(
        labelSets.map((labels) => labelsMatch(parsed.expr, new Map(Object.entries(labels)))),
        matches,
        `seed ${seed}: ${JSON.stringify(text)}`,
      );
    }
    assert.ok(accepted > asked.length / 4 && accepted < asked.length, `${accepted} of ${asked.length} are selectors`);
  }).timeout(600_000);
});
