import assert from 'node:assert/strict';
import fc from 'fast-check';
import { acceptsText } from '../../../../src/analysis/regions/automaton.ts';
import { createDescriber } from '../../../../src/analysis/regions/describe.ts';
import { EMPTY } from '../../../../src/analysis/regions/domain.ts';
import { languageDomain } from '../../../../src/analysis/regions/languages.ts';
import { anyOf } from '../../../../src/analysis/regions/pattern-automaton.ts';
import { matches } from '../../../../src/policy/evaluate/plain-match.ts';
import type { TextPattern } from '../../../../src/policy/model.ts';

const small = fc.string({ unit: fc.constantFrom('/', 'a', 'b', 'B'), maxLength: 5 });
const pattern: fc.Arbitrary<TextPattern> = fc.oneof(
  fc.record({ is: fc.constantFrom('exact', 'prefix', 'suffix'), value: small, ignoreCase: fc.boolean() }),
  fc.record({ is: fc.constant('under'), value: small }),
  fc.constantFrom<TextPattern>(
    { is: 'present' },
    { is: 'nonEmpty' },
    { is: 'template', text: '/a/{*}' },
    { is: 'template', text: '/{**}/b' },
    { is: 'glob', parts: ['a', 'b', ''] },
    { is: 'glob', parts: ['', '/', 'a'], within: 'segment' },
    { is: 'serviceAccount', namespace: 'a', serviceAccount: 'b' },
  ),
) as fc.Arbitrary<TextPattern>;
const text = fc.oneof(small, fc.constantFrom('spiffe://x/ns/a/sa/b', 'spiffe://x/ns/a/y/sa/b/z', '\n', '/a/é'));

describe('languages', () => {
  const domain = languageDomain({ universe: [[anyOf()]] });
  const has = (set: number, value: string): boolean => acceptsText(domain.automatonOf(set), value);

  it('hold what the patterns match, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 4 }), text, (patterns, value) => {
        assert.equal(
          has(domain.ofPatterns(patterns), value),
          patterns.some((each) => matches(each, value)),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('are equal numbers where they are equal, however they were made', () => {
    fc.assert(
      fc.property(fc.tuple(pattern, pattern, pattern), text, (patterns, value) => {
        const [a, b, c] = patterns.map((each) => domain.ofPatterns([each])) as [number, number, number];
        assert.equal(domain.and(a, domain.or(b, c)), domain.or(domain.and(a, b), domain.and(a, c)));
        assert.equal(domain.minus(a, b), domain.and(a, domain.minus(domain.full, b)));
        assert.equal(domain.minus(a, a), EMPTY);
        assert.equal(has(domain.and(a, domain.minus(b, c)), value), has(a, value) && has(b, value) && !has(c, value));
      }),
      { numRuns: 500 },
    );
  });

  it('are described by patterns that mean the same', () => {
    const describe = createDescriber(domain);
    for (const [some, none, wanted] of [
      [['/v1/*'], ['/v1/admin*'], { some: ['/v1/*'], none: ['/v1/admin*'] }],
      [['/a', '/b*'], [], { some: ['/a', '/b*'], none: [] }],
      [['*.json'], [], { some: ['*.json'], none: [] }],
      [['/v1/*'], ['*.json'], { some: ['/v1/*'], none: ['*.json'] }],
    ] as const) {
      const setOf = (texts: readonly string[]): number => domain.ofPatterns(texts.map(read));
      const { some: shown, none: hidden } = describe(domain.minus(setOf(some), setOf(none)));
      assert.deepEqual(new Set(shown), new Set(wanted.some));
      assert.deepEqual(new Set(hidden), new Set(wanted.none));
    }
  });
});

function read(value: string): TextPattern {
  if (value === '*') return { is: 'nonEmpty' };
  if (value.endsWith('*')) return { is: 'prefix', value: value.slice(0, -1) };
  return value.startsWith('*') ? { is: 'suffix', value: value.slice(1) } : { is: 'exact', value };
}
