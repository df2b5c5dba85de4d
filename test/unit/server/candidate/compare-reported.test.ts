import assert from 'node:assert/strict';
import { type CandidateResult, candidateResults } from '../../../../src/authz/candidate/difference.ts';
import type { RedactedCandidateCounts } from '../../../../src/authz/candidate/redacted-difference.ts';
import type { ReportedLine } from '../../../../src/authz/native/reports/reported-line.ts';
import { readConfig } from '../../../../src/config/read-config.ts';
import { decision } from '../../../../src/policy/decision.ts';
import type { CandidateState } from '../../../../src/server/candidate/candidate-side.ts';
import { createCompareReported } from '../../../../src/server/candidate/compare-reported.ts';
import { reportedDecision } from '../../../../src/server/native/report-decision.ts';
import { eventually } from '../../../support/eventually.ts';
import { modelOf } from '../../../support/model-of.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const idOf = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

const reading = readConfig('trustDomain: cluster.local\npolicies: { paths: [./p] }\n', '/etc/gatehouse/gatehouse.yaml');
assert.ok(reading.ok);
const { config } = reading;

/** A policy of the workload with the label `app: details` whose rule allows what is given. */
const allowing = (from: string, rest = '') => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: details, namespace: default }
spec:
  selector: { matchLabels: { app: details } }
  rules: [{ from: [{ source: { principals: [${from}] } }] ${rest} }]
`;
const productpage = 'cluster.local/ns/default/sa/productpage';
const inForce = allowing(productpage);

const line = (effect: 'allow' | 'deny', caller = idOf('productpage'), at = NOW): ReportedLine => ({
  protocol: 'http',
  ...{ at, effect, reason: effect === 'allow' ? 'rule_allowed' : 'no_rule_allowed', policy: undefined },
  ...{
    caller,
    names: [caller],
    sni: '',
    shown: idOf('details'),
    sourceAddress: '10.0.0.1',
    address: '',
    sourcePort: 4000,
  },
  ...{ port: 9080, method: 'GET', host: 'details', path: '/a', requestId: 'r' },
});

const kept = (told: ReportedLine) =>
  reportedDecision(told, decision('istio', told.effect, told.reason), {
    ...{ id: 'i'.repeat(22), at: told.at, snapshot: 1 },
    workload: {
      ...{
        spiffeId: idOf('details'),
        namespace: 'default',
        serviceAccount: 'details',
        trustedHops: 0,
        isGateway: false,
      },
      labels: new Map([['app', 'details']]),
    },
  });

/** A candidate beside what is in force, and what was counted of it. */
function trial(candidate: string, sinceAt = NOW - 1_000) {
  const policies = modelOf(inForce);
  const beside = modelOf(candidate);
  const state: CandidateState = {
    ...{ state: 'comparing', sinceAt, summary: '', digest: '' },
    model: { number: 3, planes: beside.planes, networkSets: [] },
  };
  const counts = new Map<CandidateResult, number>();
  const lacks = new Map<string, number>();
  const told: RedactedCandidateCounts[] = [];
  const compare = createCompareReported({
    candidate: {
      state,
      model: () => beside,
      note(some, lacking = new Map()) {
        told.push(some);
        for (const [i, result] of candidateResults.entries())
          if (some.counts[i]! > 0) counts.set(result, (counts.get(result) ?? 0) + some.counts[i]!);
        for (const [fact, count] of lacking) lacks.set(fact, count);
      },
    },
    config: () => config,
    policies: () => policies,
  });
  /** Compares one line once the sets are ready. */
  const compared = async (told: ReportedLine) => {
    await eventually('it is ready', () => {
      compare([kept(line('allow'))], 0);
      return [...counts.keys()].some((each) => each !== 'skipped') || undefined;
    });
    counts.clear();
    lacks.clear();
    return compare([kept(told)], 2)[0];
  };
  return { compare, compared, counts, lacks, told };
}

describe('createCompareReported', () => {
  const header = `, when: [{ key: 'request.headers[x-team]', values: [a] }]`;
  const cases: readonly {
    readonly name: string;
    readonly candidate: string;
    readonly line: ReportedLine;
    readonly want: CandidateResult;
    readonly lacks?: string;
  }[] = [
    { name: 'the same verdict', candidate: inForce, line: line('allow'), want: 'same' },
    {
      name: 'a port that the candidate does not allow',
      ...{ candidate: allowing(productpage, ", to: [{ operation: { ports: ['1'] } }]"), line: line('allow') },
      want: 'allow_to_deny',
    },
    {
      name: 'a port that it allows',
      ...{ candidate: allowing(productpage, ", to: [{ operation: { ports: ['9080'] } }]"), line: line('allow') },
      want: 'same',
    },
    {
      name: 'a connection to a port that the candidate does not allow',
      candidate: allowing(productpage, ", to: [{ operation: { ports: ['1'] } }]"),
      line: { ...line('allow'), protocol: 'tcp', method: '', host: '', path: '', requestId: '' },
      want: 'allow_to_deny',
    },
    {
      name: 'a caller that it lets in',
      ...{ candidate: allowing("'*'"), line: line('deny', idOf('ratings')) },
      want: 'deny_to_allow',
    },
    {
      name: 'a header that no line tells of',
      ...{ candidate: allowing(productpage, header), line: line('allow') },
      ...{ want: 'unsaid', lacks: 'header x-team' },
    },
    {
      name: 'a header in a rule that is for others',
      ...{ candidate: allowing(productpage, header), line: line('deny', idOf('ratings')) },
      want: 'same',
    },
    {
      name: 'an Envoy that has not got the policies in force yet',
      ...{ candidate: allowing("'*'"), line: line('deny') },
      want: 'skipped',
    },
    {
      name: 'what was decided before the candidate was there',
      ...{ candidate: allowing("'*'"), line: line('deny', idOf('ratings'), NOW - 5_000) },
      want: 'skipped',
    },
  ];
  for (const { name, candidate, line: told, want, lacks = '' } of cases)
    it(`says ${want} of ${name}`, async () => {
      const run = trial(candidate);
      const shown = await run.compared(told);
      const counted = Object.fromEntries(run.counts);
      const others = 2 + (want === 'skipped' ? 1 : 0);
      assert.deepEqual(counted, { [want]: 1, skipped: others });
      assert.equal([...run.lacks.keys()].join(), lacks);
      assert.equal(shown?.candidate?.result, want.includes('_') ? want : undefined);
      const [row] = run.told.at(-1)!.rows;
      assert.equal(row?.candidate.result, want.includes('_') ? want : undefined);
      if (row !== undefined) assert.deepEqual([row.caller, row.method, row.count], [told.caller, told.method, 1]);
    });

  it('skips what comes while it is being made ready, and never keeps the one who tells waiting', () => {
    const { compare, counts } = trial(inForce);
    const entries = [kept(line('allow'))];
    assert.deepEqual(compare(entries, 0), entries);
    assert.deepEqual(Object.fromEntries(counts), { skipped: 1 });
  });
});
