import assert from 'node:assert/strict';
import { summaryOf } from '../../../src/policy/summary.ts';

describe('summaryOf', () => {
  const policy = { dialect: 'istio', kind: 'AuthorizationPolicy' } as const;
  const pod = { dialect: 'kubernetes', kind: 'Pod' } as const;
  it('tells what was read and what was skipped, the most first', () =>
    assert.equal(
      summaryOf([pod, policy, pod], new Map([['/ConfigMap', 1], ['networking.istio.io/Gateway', 3]])), // biome-ignore format: a row
      'read 3 (2 kubernetes Pod, 1 istio AuthorizationPolicy); skipped 4 (3 networking.istio.io/Gateway, 1 ConfigMap)',
    ));
  it('says so where there is nothing', () => assert.equal(summaryOf([], new Map()), 'read nothing; skipped nothing'));
  it('stays one line of bounded length, whatever strangers call their kinds', () => {
    const many = Array.from({ length: 30 }, (_, i) => [`a\nb${i}/__proto__`, 1] as const);
    const line = summaryOf([policy], new Map(many));
    assert.ok(!line.includes('\n'));
    assert.match(
      line,
      /^read 1 \(1 istio AuthorizationPolicy\); skipped 30 \(1 "a\\nb0\/__proto__", .*, and 18 more kinds\)$/,
    );
  });
});
