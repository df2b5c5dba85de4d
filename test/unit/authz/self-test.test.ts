import assert from 'node:assert/strict';
import type { CheckOptions } from '../../../src/authz/check.ts';
import { unguarded } from '../../../src/authz/question.ts';
import { selfTest } from '../../../src/authz/self-test.ts';
import { decision } from '../../../src/policy/decision.ts';

describe('selfTest', () => {
  it('passes for a snapshot, whatever it decides', () => {
    selfTest({ generation: 1, decide: () => decision('istio', 'allow', 'rule_allowed') }, unguarded);
  });

  it('refuses options under which an empty request could not be denied', () => {
    const broken = { ...unguarded, workloads: [{ addresses: ['not a range'] }] } as unknown as CheckOptions; // as a bug might make them
    assert.throws(() => selfTest({ generation: 1, decide: () => decision('istio', 'allow', 'rule_allowed') }, broken), {
      code: 'config_invalid',
    });
  });
});
