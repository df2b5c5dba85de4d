import assert from 'node:assert/strict';
import type { ShownCondition } from '../../../../src/analysis/regions/lists/shown-lists.ts';
import { createRequestSpace } from '../../../../src/analysis/regions/request-space.ts';
import { createRegionPrinter } from '../../../../src/analysis/regions/shown-region.ts';
import type { TextFact, TextPattern } from '../../../../src/policy/model.ts';

/** The condition of a region that asks whether a header matches. */
function conditionOn(any: readonly TextPattern[], isAbsent = false): ShownCondition | undefined {
  const fact: TextFact = { of: 'header', name: 'h' };
  const lists = [{ fact, conditions: [any] }];
  const space = createRequestSpace({ caseOfHost: false, wholePath: false, plainPaths: false, routes: 1, lists });
  const { id, domain } = space.listOf(fact)!;
  const held = space.diagrams.where(id, domain.having(any));
  const region = isAbsent ? space.diagrams.not(held) : held;
  return createRegionPrinter(space).boxesOf(region, [])[0]?.conditions?.[0];
}

const text = (is: 'exact' | 'prefix' | 'suffix', value: string, ignoreCase = false): TextPattern => ({
  is,
  value,
  ignoreCase,
});

describe('a condition of a region', () => {
  const rows: readonly (readonly [name: string, any: readonly TextPattern[], want: readonly string[]])[] = [
    ['text as it is', [text('exact', 'a'), text('prefix', 'b'), text('suffix', 'c')], ['a', 'b*', '*c']],
    ['the empty text', [text('exact', '')], ['']],
    ['what is there, though it may be empty', [{ is: 'present' }], ['', '*']],
    ['a path and all below it', [{ is: 'under', value: '/a' }], ['/a', '/a/*']],
    ['capitals that do not count', [text('exact', 'ab', true)], ['AB', 'Ab', 'aB', 'ab']],
    ['what is not empty', [{ is: 'nonEmpty' }], ['*']],
  ];
  for (const [name, any, want] of rows)
    it(`prints ${name} as texts`, () => {
      const { key, values, notValues } = conditionOn(any)!;
      assert.deepEqual([key, new Set(values), notValues], ['request.headers[h]', new Set(want), undefined]);
      assert.deepEqual(new Set(conditionOn(any, true)?.notValues), new Set(want));
    });

  const others: readonly (readonly [name: string, pattern: TextPattern])[] = [
    ['a star that stands for itself', text('exact', 'a*')],
    ['a glob', { is: 'glob', parts: ['a', 'b', ''] }],
    ['a template', { is: 'template', text: '/a/{*}' }],
  ];
  for (const [name, pattern] of others)
    it(`prints ${name} as an automaton, which nobody takes for a text`, () => {
      const { values } = conditionOn([pattern])!;
      assert.deepEqual(
        values?.map((one) => typeof one),
        ['object'],
      );
    });
});
