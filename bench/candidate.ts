/**
 * `node bench/candidate.ts [--json]`: what a Check costs with a candidate set beside, against the same Check without one, in interleaved rounds.
 *
 * The candidate is as large as what is in force and denies what that allows; `dear` is one whose every decision takes a millisecond.
 * @module
 */
import { CandidateComparison } from '../src/authz/candidate/comparison.ts';
import { type Check, createCheck } from '../src/authz/check.ts';
import { CheckCounters } from '../src/authz/record/counters.ts';
import { EdgeCounters } from '../src/authz/record/edges.ts';
import { DecisionRing } from '../src/authz/record/ring.ts';
import { type BesidePolicies, type DecisionState, nothingKnown } from '../src/authz/state.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createWatchable } from '../src/lib/watchable.ts';
import { compileSnapshot } from '../src/policy/compile/compile-snapshot.ts';
import { decision } from '../src/policy/decision.ts';
import type { Snapshot } from '../src/policy/snapshot.ts';
import { checkRequest } from './lib/check-request.ts';
import { type RuleSet, ruleSets } from './rule-sets.ts';

const RULES = Number(process.env['RULES'] ?? 1_000);
const ROUNDS = 11;
/** Checks of a round. */
const CALLS = 20_000;

const noTokens = (): never => {
  throw new Error('no token rules here');
};

function checkOf(snapshot: Snapshot, candidate: BesidePolicies | undefined): Check {
  return createCheck({
    state: createWatchable<DecisionState | undefined>({
      snapshot,
      ...nothingKnown,
      ...(candidate && { candidate }),
    }),
    options: {
      ...{ workloads: [], clients: [], trustedHops: 0, ownPrefixes: ['spiffe://cluster.local/'] },
      ...{ verifyPeer: 'observe', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' },
    },
    verifyTokens: noTokens,
    ring: new DecisionRing(),
    counters: new CheckCounters(),
    edges: new EdgeCounters(),
    candidate: new CandidateComparison(),
    clock: systemClock,
  });
}

/** CPU nanoseconds of one Check. */
function nanoseconds(check: Check, bytes: readonly Buffer[]): number {
  const started = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) check(bytes[i % bytes.length]!, { local: true });
  const { user, system } = process.cpuUsage(started);
  return ((user + system) * 1_000) / CALLS;
}

const median = (some: readonly number[]): number => some.toSorted((a, b) => a - b)[some.length >> 1]!;

const refusal = decision('istio', 'deny', 'no_rule_allowed');
const refusing: Snapshot = { generation: 1, decide: () => refusal };
const dear: Snapshot = {
  generation: 1,
  decide() {
    const until = performance.now() + 1;
    while (performance.now() < until);
    return refusal;
  },
};

function measure(set: RuleSet) {
  const model = set.model(RULES);
  const inForce = compileSnapshot(model, { allowEmpty: false });
  const same = compileSnapshot(set.model(RULES), { allowEmpty: false });
  const bytes = set.requests(RULES).map(checkRequest);
  const checks = {
    alone: checkOf(inForce, undefined),
    same: checkOf(inForce, { number: 1, snapshot: same }),
    differs: checkOf(inForce, { number: 1, snapshot: refusing }),
    dear: checkOf(inForce, { number: 1, snapshot: dear }),
  };
  const names = Object.keys(checks) as (keyof typeof checks)[]; // just written
  for (let i = 0; i < 8; i++) for (const name of names) nanoseconds(checks[name], bytes);
  const rounds = Array.from({ length: ROUNDS }, () =>
    Object.fromEntries(names.map((name) => [name, nanoseconds(checks[name], bytes)])),
  );
  return {
    set: set.name,
    rules: RULES,
    ...Object.fromEntries(names.map((name) => [`${name}Ns`, Math.round(median(rounds.map((each) => each[name]!)))])),
    ...Object.fromEntries(
      names.slice(1).map((name) => [`${name}Times`, median(rounds.map((each) => each[name]! / each['alone']!))]),
    ),
  };
}

for (const set of ruleSets) {
  const row: Record<string, string | number> = measure(set);
  if (process.argv.includes('--json')) console.log(JSON.stringify(row));
  else
    console.log(
      Object.entries(row)
        .map(([name, value]) => `${name} ${typeof value === 'number' && value < 100 ? value.toFixed(3) : value}`)
        .join('  '),
    );
}
