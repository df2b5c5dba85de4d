/**
 * `node bench/decision.ts [--json]`: what one decision costs, by number of rules and kind of rules; alone and with the reading of
 * its CheckRequest.
 * @module
 */
import { createCheck } from '../src/authz/check.ts';
import { RequestFacts } from '../src/authz/facts/request-facts.ts';
import { CheckCounters } from '../src/authz/record/counters.ts';
import { EdgeCounters } from '../src/authz/record/edges.ts';
import { DecisionRing } from '../src/authz/record/ring.ts';
import { type DecisionState, nothingRevoked } from '../src/authz/state.ts';
import { CheckRequest } from '../src/authz/wire/check-request.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createWatchable } from '../src/lib/watchable.ts';
import { compileSnapshot } from '../src/policy/compile/compile-snapshot.ts';
import type { Snapshot } from '../src/policy/snapshot.ts';
import { checkRequest } from './lib/check-request.ts';
import { type Asked, type RuleSet, ruleSets } from './rule-sets.ts';

const sizes = (process.env['SIZES'] ?? '10,1000,10000,100000').split(',').map(Number);
const ROUNDS = 7;

const keySets = { generation: 0, sets: new Map() };
const noTokens = (): never => {
  throw new Error('no token rules here');
};

/** CPU nanoseconds of one call: the median of several rounds. */
function nanoseconds(call: () => void): number {
  let calls = 16;
  let took = 0;
  while (took < 20) {
    calls *= 2;
    took = run(call, calls);
  }
  const rounds = Array.from({ length: ROUNDS }, () => (run(call, calls) * 1e6) / calls);
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

/** CPU milliseconds, so that others on the machine count little. */
function run(call: () => void, calls: number): number {
  const started = process.cpuUsage();
  for (let i = 0; i < calls; i++) call();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

interface Measured {
  readonly set: string;
  readonly rules: number;
  readonly buildMs: number;
  /** Undefined: no request is allowed. */
  readonly allowNs: number | undefined;
  readonly denyNs: number;
  readonly checkNs: number;
}

function measure(set: RuleSet, rules: number): Measured {
  const model = set.model(rules);
  const started = performance.now();
  const snapshot = compileSnapshot(model, { allowEmpty: false });
  const buildMs = performance.now() - started;
  const requests = set.requests(rules);
  const timeOf = (allowed: boolean): number | undefined => {
    const asked = requests.find((each) => each.allowed === allowed);
    return asked && decisionNs(snapshot, asked);
  };
  const denyNs = timeOf(false)!; // every set has one
  return {
    set: set.name,
    rules,
    buildMs,
    allowNs: timeOf(true),
    denyNs,
    checkNs: checkNs(snapshot, set.requests(rules)[0]!),
  };
}

/** The decision alone: facts are read lazily, once each, from a message whose outline is known. */
function decisionNs(snapshot: Snapshot, asked: Asked): number {
  const request = new CheckRequest();
  const facts = new RequestFacts(request, noTokens);
  const destination = {
    spiffeId: 'spiffe://cluster.local/ns/default/sa/details',
    namespace: 'default',
    serviceAccount: 'details',
    labels: new Map([['app', 'details']]),
  };
  const context = { destination, trustedHops: 0, peer: undefined, keySets, nowMs: 0 };
  request.read(checkRequest(asked));
  facts.begin(context);
  const { effect } = snapshot.decide(facts);
  if ((effect === 'allow') !== asked.allowed) throw new Error(`${JSON.stringify(asked)} got ${effect}`);
  const readOnly = nanoseconds(() => facts.begin(context));
  return (
    nanoseconds(() => {
      facts.begin(context);
      snapshot.decide(facts);
    }) - readOnly
  );
}

/** Everything from bytes to bytes, decision ring and counters included. */
function checkNs(snapshot: Snapshot, asked: Asked): number {
  const check = createCheck({
    state: createWatchable<DecisionState | undefined>({
      snapshot,
      keySets,
      revocations: nothingRevoked,
      bundles: undefined,
    }),
    options: {
      workloads: [],
      clients: [],
      trustedHops: 0,
      ownPrefixes: ['spiffe://cluster.local/'],
      verifyPeer: 'observe',
      peerTrustDomains: 'any',
      ambiguousRequests: 'asUpstream',
    },
    verifyTokens: noTokens,
    ring: new DecisionRing(),
    counters: new CheckCounters(),
    edges: new EdgeCounters(),
    clock: systemClock,
  });
  const bytes = checkRequest(asked);
  return nanoseconds(() => check(bytes, { local: true }));
}

const rows: Measured[] = [];
for (const set of ruleSets) {
  for (const rules of set.onlySize === undefined ? sizes : [set.onlySize]) {
    const row = measure(set, rules);
    rows.push(row);
    if (process.argv.includes('--json')) continue;
    const ns = (value: number | undefined): string => `${(value?.toFixed(0) ?? '–').padStart(8)} ns`;
    console.log(
      `${row.set.padEnd(64)} ${String(rules).padStart(7)} rules  build ${row.buildMs.toFixed(0).padStart(5)} ms  allow ${ns(row.allowNs)}  deny ${ns(row.denyNs)}  whole Check ${ns(row.checkNs)}`,
    );
  }
}
if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
