import assert from 'node:assert/strict';
import fc from 'fast-check';
import { narrowSnapshot } from '../../../src/analysis/narrow-snapshot.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { arbitraryFacts, arbitraryModel } from '../../property/policy/arbitrary-model.ts';
import { plainFacts } from '../../support/plain-facts.ts';

/** `EDITS=100000` for the long run. */
const RUNS = Number(process.env['EDITS'] ?? 100);

describe('narrowSnapshot', () => {
  it('decides as the whole model compiled does', () => {
    fc.assert(
      fc.property(arbitraryModel, fc.array(arbitraryFacts, { minLength: 6, maxLength: 6 }), (model, asked) => {
        for (const allowEmpty of [true, false]) {
          const [narrow, whole] = [narrowSnapshot(model, { allowEmpty }), compileSnapshot(model, { allowEmpty })];
          for (const facts of asked) assert.deepEqual(narrow.decide(facts), whole.decide(facts));
        }
      }),
      { numRuns: RUNS },
    );
  }).timeout(60_000 + RUNS * 500);

  it('knows a model without policies from one of which none is about the question', () => {
    const stage = { kind: 'any-allow', name: 'ALLOW', policies: [] } as const;
    const model = {
      generation: 1,
      absence: 'upstream',
      planes: [{ id: 'istio', mode: 'enforce', stages: [stage] }],
    } as const;
    assert.equal(narrowSnapshot(model, { allowEmpty: false }).decide(plainFacts()).reason, 'no_policies');
    const policy = {
      ref: { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'other', name: 'a' },
      position: { file: 'a', line: 1, column: 1 },
      owner: '',
      mode: 'enforce',
      subject: { namespace: 'other', labels: [] },
      rules: [],
    } as const;
    const other = { ...model, planes: [{ ...model.planes[0], stages: [{ ...stage, policies: [policy] }] }] };
    assert.equal(narrowSnapshot(other, { allowEmpty: false }).decide(plainFacts()).reason, 'no_policy_applies');
  });
});
