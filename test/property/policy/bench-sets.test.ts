import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Asked, ruleSets } from '../../../bench/rule-sets.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import { plainFacts } from '../../support/plain-facts.ts';

const options = { allowEmpty: false };
const RULES = 300;

/** Requests that the set of any smaller size was made for, so that many a rule is hit and many missed by little. */
const sizes = fc.integer({ min: 1, max: RULES });
const part = (set: (typeof ruleSets)[number]): fc.Arbitrary<Asked> =>
  sizes.chain((size) => fc.constantFrom(...set.requests(size)));
const between = (set: (typeof ruleSets)[number]): fc.Arbitrary<Asked> =>
  fc
    .tuple(part(set), part(set), part(set), part(set))
    .map(([a, b, c, d]) => ({ ...a, path: b.path, method: c.method, headers: d.headers }));

describe('an index over the sets of the benchmark', () => {
  for (const set of ruleSets.filter(({ onlySize }) => onlySize === undefined)) {
    it(`finds what the plain evaluator finds: ${set.name}`, () => {
      const model = set.model(RULES);
      const snapshot = compileSnapshot(model, options);
      let allowed = 0;
      fc.assert(
        fc.property(fc.oneof(part(set), between(set)), ({ principal, method, path, host, headers }) => {
          const lines = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
          const facts = plainFacts({ peerNames: [principal], method, path, host, headers: lines });
          const decision = snapshot.decide(facts);
          assert.deepEqual(decision, evaluate(model, facts, options).decision);
          if (decision.effect === 'allow') allowed += 1;
        }),
        { numRuns: 200 },
      );
      assert.ok(allowed > 0 && allowed < 200, `${allowed} of 200 were allowed`);
    });
  }
});
