import assert from 'node:assert/strict';
import { encodeRequestForm } from '../../../../src/analysis/request-form.ts';
import { CandidateComparison } from '../../../../src/authz/candidate/comparison.ts';
import { candidateResults } from '../../../../src/authz/candidate/difference.ts';
import { createCheck } from '../../../../src/authz/check.ts';
import { CheckCounters } from '../../../../src/authz/record/counters.ts';
import { DecisionRing } from '../../../../src/authz/record/ring.ts';
import { type DecisionState, nothingKnown } from '../../../../src/authz/state.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { decision } from '../../../../src/policy/decision.ts';
import type { Snapshot } from '../../../../src/policy/snapshot.ts';

const allowed = decision('istio', 'allow', 'rule_allowed');
const denied = decision('istio', 'deny', 'no_rule_allowed');
const inForce: Snapshot = { generation: 1, decide: () => allowed };

function checkBeside(candidate: Snapshot, comparison: CandidateComparison) {
  const check = createCheck({
    state: createWatchable<DecisionState | undefined>({
      snapshot: inForce,
      candidate: { number: 1, snapshot: candidate },
      ...nothingKnown,
    }),
    options: {
      ...{ workloads: [], clients: [], trustedHops: 0, ownPrefixes: ['spiffe://cluster.local/'] },
      ...{ verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' },
    },
    verifyTokens() {
      throw new Error('no token rules here');
    },
    ring: new DecisionRing({ size: 16 }),
    counters: new CheckCounters(),
    candidate: comparison,
    clock: { now: () => Date.now() },
  });
  const bytes = encodeRequestForm({
    source: { principal: 'spiffe://cluster.local/ns/default/sa/productpage' },
    destination: { principal: 'spiffe://cluster.local/ns/default/sa/details' },
    http: { method: 'GET', path: '/details/1', host: 'details' },
  });
  return () => check(bytes, { local: true });
}

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('CandidateComparison', () => {
  it('charges a turn that nobody timed and that was long to the share of the candidate', () => {
    const charged: number[] = [];
    let turn = 0;
    const comparison = new CandidateComparison({
      ...{ hasSome: true, begin: () => false, take: () => undefined },
      overran: (tookMs) => void charged.push(tookMs),
    });
    const check = checkBeside(
      {
        generation: 1,
        decide() {
          if (++turn === 3) spin(5);
          return denied;
        },
      },
      comparison,
    );
    for (let i = 0; i < 5; i++) check();
    assert.ok(
      charged.some((tookMs) => tookMs >= 5),
      JSON.stringify(charged),
    );
  });

  it('bounds a candidate that explodes by its share, and counts what it was not asked', () => {
    const comparison = new CandidateComparison();
    let spentMs = 0;
    const check = checkBeside(
      {
        generation: 1,
        decide() {
          spin(20);
          spentMs += 20;
          throw new Error('it explodes');
        },
      },
      comparison,
    );
    const began = performance.now();
    const answers = Array.from({ length: 20_000 }, () => check().length);
    const allMs = performance.now() - began;
    const { counts, error } = comparison.take();
    const [same, , , , failed, skipped] = candidateResults.map((_, i) => counts[i]!);
    assert.equal(new Set(answers).size, 1, 'the answers are those of what is in force');
    assert.deepEqual([same, failed! + skipped!, error], [0, 20_000, 'it explodes']);
    assert.ok(failed! >= 1 && skipped! > 19_000, `${failed} asked`);
    assert.ok(spentMs <= 50 + 20 + 0.2 * allMs, `${spentMs} ms of ${allMs}`); // what may be taken at once, one turn, and the share
  });
});
