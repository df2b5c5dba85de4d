import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createCompared } from '../../../../../../src/analysis/lint/exact/free/compared.ts';
import { Diagrams, NONE, type Region } from '../../../../../../src/analysis/regions/diagrams.ts';
import { maskDomain } from '../../../../../../src/analysis/regions/domain.ts';

const VARIABLES = 4;
const VALUES = 3;

/** Steps that put regions together: the two before, by one of three operations, or a new condition. */
const steps = fc.array(
  fc.record({
    op: fc.constantFrom('and', 'or', 'minus', 'where'),
    variable: fc.integer({ min: 0, max: VARIABLES - 1 }),
    set: fc.integer({ min: 1, max: 2 ** VALUES - 2 }),
    a: fc.nat(),
    b: fc.nat(),
  }),
  { minLength: 4, maxLength: 30 },
);

describe('createCompared', () => {
  it('says of any two regions what putting them together shows', () => {
    fc.assert(
      fc.property(steps, (made) => {
        const diagrams = new Diagrams();
        for (let i = 0; i < VARIABLES; i++) diagrams.addVariable(maskDomain(VALUES));
        const { isWithin, meet } = createCompared(diagrams);
        const regions: Region[] = [0, 1];
        for (const { op, variable, set, a, b } of made) {
          const [one, other] = [regions[a % regions.length]!, regions[b % regions.length]!];
          regions.push(
            op === 'where'
              ? diagrams.where(variable, set)
              : op === 'minus'
                ? diagrams.minus(one, other)
                : diagrams[op](one, other),
          );
        }
        for (const one of regions)
          for (const other of regions) {
            assert.equal(isWithin(one, other), diagrams.minus(one, other) === NONE);
            assert.equal(meet(one, other), diagrams.and(one, other) !== NONE);
          }
      }),
      { numRuns: 100 },
    );
  });
});
