import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Compilations } from '../../../src/policy/compile/compilations.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import { arbitraryFacts, arbitraryModel } from './arbitrary-model.ts';

const options = { allowEmpty: true };

describe('a compiled snapshot', () => {
  it('decides as the plain evaluator does, and names the same rule', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(arbitraryModel, fc.array(arbitraryFacts, { minLength: 8, maxLength: 8 }), (model, requests) => {
        const snapshot = compileSnapshot(model, options);
        for (const facts of requests) {
          const plain = evaluate(model, facts, options).decision;
          assert.deepEqual(snapshot.decide(facts), plain);
          const outcome = `${plain.reason}${plain.dryRun ? ' dry' : ''}${plain.audit ? ' audit' : ''}`;
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        }
      }),
      { numRuns: 400 },
    );
    const reasons = [...seen.keys()].join(', ');
    for (const wanted of [
      'rule_allowed',
      'rule_denied',
      'no_rule_allowed',
      'labels_unknown',
      'custom_unavailable',
      'place_mismatch',
      'mtls_required',
      'token_invalid',
      'audience_denied',
    ]) {
      assert.match(reasons, new RegExp(wanted), `no ${wanted} among ${reasons}`);
    }
  });

  it('decides the same when it is made from the compilation before, whatever that was of', () => {
    const compilations = new Compilations();
    fc.assert(
      fc.property(arbitraryModel, fc.array(arbitraryFacts, { minLength: 8, maxLength: 8 }), (model, requests) => {
        const snapshot = compileSnapshot(model, { ...options, compilations });
        for (const facts of requests) {
          assert.deepEqual(snapshot.decide(facts), evaluate(model, facts, options).decision);
        }
      }),
      { numRuns: 400 },
    );
  });
});
