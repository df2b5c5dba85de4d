import assert from 'node:assert/strict';
import type { Evidence, ProofEvidence, WritersEvidence } from '../../../../src/cli/doctor/zero-trust/evidence.ts';
import type { State } from '../../../../src/cli/doctor/zero-trust/finding.ts';
import { reportPage } from '../../../../src/cli/doctor/zero-trust/report.ts';
import { exitCodeOf, judgeAll } from '../../../../src/cli/doctor/zero-trust/requirements.ts';

const spiffeId = 'spiffe://cluster.local/ns/default/sa/details';

const proof: ProofEvidence = {
  unnamedIn: [],
  unnamedOut: [],
  anonymous: [],
  openPorts: [{ workload: 'default/details', principals: [spiffeId], tcp: [[9080, 9080]], others: false }],
  plainPorts: [],
  plainKeySets: [],
  notAhead: '',
};
const writers: WritersEvidence = { strangers: [], others: ['uid 0'], ownUid: [] };
const workload = { spiffeId, pods: ['default/details'], onNode: [], unplaced: [], optedOut: [] };
const seen = { spiffeId, how: '3 Checks', ports: [[9080, 9080]] as const, fault: '' };
const envoy = { from: 'a.json', spiffeId, failsOpen: [], adminOpen: [], plain: [], ports: [[9080, 9080]] as const };

const honest: Evidence = {
  config: { verifyPeer: 'enforce', networkPlane: 'enforce', hops: [], plainListeners: [], store: 'local' },
  differs: { value: [] },
  workloads: { value: [workload] },
  seen: { value: [seen] },
  nameless: { value: [] },
  envoys: [envoy],
  proof: { value: proof },
  writers: { value: writers },
};

const why = 'not asked';
const opening = { workload: 'default/details', other: 'default/web', on: 'everything' };
const config = (differs: Partial<Evidence['config']>): Partial<Evidence> => ({
  config: { ...honest.config, ...differs },
});
const proved = (differs: Partial<ProofEvidence>): Partial<Evidence> => ({ proof: { value: { ...proof, ...differs } } });
const wrote = (differs: Partial<WritersEvidence>): Partial<Evidence> => ({
  writers: { value: { ...writers, ...differs } },
});
const registered = (differs: object): Partial<Evidence> => ({ workloads: { value: [{ ...workload, ...differs }] } });
const envoyWith = (differs: object): Partial<Evidence> => ({ envoys: [{ ...envoy, ...differs }] });
const openPort = (differs: object): Partial<Evidence> =>
  proved({ openPorts: [{ ...proof.openPorts[0]!, ...differs }] });

/** All five are true, except for these. */
interface Row {
  readonly name: string;
  readonly differs: Partial<Evidence>;
  readonly want: Readonly<Record<number, State>>;
}

const faults: readonly Row[] = [
  { name: 'an Envoy that fails open', differs: envoyWith({ failsOpen: ['a'] }), want: { 1: 'false' } },
  {
    name: 'an Envoy of nobody that fails open',
    differs: { envoys: [envoy, { ...envoy, spiffeId: '', failsOpen: ['a'] }] },
    want: { 1: 'false' },
  },
  { name: 'a pod without a sidecar', differs: registered({ optedOut: ['default/details'] }), want: { 1: 'false' } },
  {
    name: 'an Envoy that refused its policy',
    differs: { seen: { value: [{ ...seen, fault: 'refused' }] } },
    want: { 1: 'false' },
  },
  { name: 'certificates that are only observed', differs: config({ verifyPeer: 'observe' }), want: { 2: 'false' } },
  { name: 'certificates that nobody verifies', differs: config({ verifyPeer: 'off' }), want: { 2: 'false' } },
  { name: 'a hop', differs: config({ hops: ['10.0.0.0/8'] }), want: { 2: 'false' } },
  { name: 'a way in without a certificate', differs: proved({ anonymous: [opening] }), want: { 2: 'false' } },
  {
    name: 'a nameless caller that was allowed',
    differs: { nameless: { value: ['details (1 Checks)'] } },
    want: { 2: 'false' },
  },
  {
    name: 'places that are not looked at',
    differs: config({ networkPlane: 'observe' }),
    want: { 2: 'false', 3: 'unknown' },
  },
  { name: 'a way in that no rule names', differs: proved({ unnamedIn: [opening] }), want: { 3: 'false' } },
  { name: 'a way out that no rule names', differs: proved({ unnamedOut: [opening] }), want: { 3: 'false' } },
  {
    name: 'a pod on the network of its node',
    differs: registered({ onNode: ['default/details'] }),
    want: { 4: 'false' },
  },
  { name: 'all ports open', differs: openPort({ tcp: [[1, 65_535]] }), want: { 4: 'false' } },
  { name: 'two ports more open', differs: openPort({ tcp: [[9079, 9081]] }), want: { 4: 'unknown' } },
  { name: 'a range beside the sidecar', differs: openPort({ tcp: [[9080, 9090]] }), want: { 4: 'false' } },
  { name: 'UDP open', differs: openPort({ others: true }), want: { 4: 'false' } },
  {
    name: 'a port of one of two workloads alone',
    differs: openPort({ principals: [spiffeId, 'spiffe://cluster.local/ns/default/sa/other'] }),
    want: { 4: 'unknown' },
  },
  { name: "an Envoy's open admin pages", differs: envoyWith({ adminOpen: ['a'] }), want: { 4: 'false' } },
  { name: 'policies that everybody may write', differs: wrote({ strangers: ['a'] }), want: { 4: 'false' } },
  { name: "an entry of the server's own user", differs: wrote({ ownUid: ['a'] }), want: { 4: 'false' } },
  {
    name: 'a port that takes callers in plain',
    differs: proved({ plainPorts: [{ workload: 'a', port: 8080, mode: 'permissive' }] }),
    want: { 5: 'false' },
  },
  {
    name: 'a workload without TLS',
    differs: proved({ plainPorts: [{ workload: 'a', port: undefined, mode: 'disable' }] }),
    want: { 5: 'false' },
  },
  {
    name: 'a listener of ours in plain',
    differs: config({ plainListeners: ['extAuthz 0.0.0.0:9191'] }),
    want: { 5: 'false' },
  },
  { name: 'a store in plain', differs: config({ store: 'plain' }), want: { 5: 'false' } },
  { name: 'a store that may be in plain', differs: config({ store: 'maybe' }), want: { 5: 'false' } },
  { name: 'keys fetched in plain', differs: proved({ plainKeySets: ['http://a'] }), want: { 5: 'false' } },
  { name: 'an Envoy that asks in plain', differs: envoyWith({ plain: ['a'] }), want: { 5: 'false' } },
];

const missing: readonly Row[] = [
  {
    name: 'no server',
    differs: { differs: { why }, seen: { why }, nameless: { why }, writers: { why } },
    want: { 1: 'unknown', 2: 'unknown', 3: 'unknown', 4: 'unknown', 5: 'unknown' },
  },
  {
    name: 'a server that goes by something else',
    differs: { differs: { value: ['a'] } },
    want: { 2: 'unknown', 3: 'unknown', 4: 'unknown', 5: 'unknown' },
  },
  {
    name: 'no registry',
    differs: { workloads: { why } },
    want: { 1: 'unknown', 2: 'unknown', 3: 'unknown', 4: 'unknown', 5: 'unknown' },
  },
  {
    name: 'an empty registry',
    differs: { workloads: { value: [] } },
    want: { 1: 'unknown', 2: 'unknown', 3: 'unknown', 4: 'unknown', 5: 'unknown' },
  },
  { name: 'no proof', differs: { proof: { why } }, want: { 2: 'unknown', 3: 'unknown', 4: 'unknown', 5: 'unknown' } },
  { name: 'nobody seen', differs: { seen: { value: [] } }, want: { 1: 'unknown' } },
  { name: 'no Envoy', differs: { envoys: [] }, want: { 1: 'unknown', 4: 'unknown' } },
  {
    name: 'an Envoy of somebody else',
    differs: envoyWith({ spiffeId: 'spiffe://cluster.local/ns/default/sa/other' }),
    want: { 1: 'unknown' },
  },
  { name: 'callers that are not known', differs: { nameless: { why } }, want: { 2: 'unknown' } },
  { name: 'a pod without an address', differs: registered({ unplaced: ['default/details'] }), want: { 2: 'unknown' } },
  { name: 'namespaces to come', differs: proved({ notAhead: why }), want: { 3: 'unknown' } },
  { name: 'writers', differs: { writers: { why } }, want: { 4: 'unknown' } },
  {
    name: 'labels',
    differs: proved({ plainPorts: [{ workload: 'a', port: undefined, mode: 'unknown' }] }),
    want: { 5: 'unknown' },
  },
];

const numbers = [1, 2, 3, 4, 5];
const statesOf = (evidence: Evidence): readonly State[] => judgeAll(evidence).map(({ state }) => state);

describe('judgeAll', () => {
  it('finds all true in an honest world', () => {
    assert.deepEqual(
      statesOf(honest),
      numbers.map(() => 'true'),
    );
    assert.equal(exitCodeOf(judgeAll(honest)), 0);
  });

  for (const { name, differs, want } of [...faults, ...missing])
    it(`judges ${name}`, () => {
      const judged = judgeAll({ ...honest, ...differs });
      assert.deepEqual(
        judged.map(({ state }) => state),
        numbers.map((number) => want[number] ?? 'true'),
      );
      assert.equal(exitCodeOf(judged), Object.values(want).includes('false') ? 1 : 2);
      for (const { findings } of judged)
        for (const { state, evidence, fix } of findings) {
          assert.notEqual(evidence, '');
          assert.equal(fix === '', state === 'true', evidence);
        }
    });

  for (const number of numbers) {
    it(`has a fault that makes ${number} false, and a gap that makes it unknown`, () => {
      assert.ok(faults.some(({ want }) => want[number] === 'false'));
      assert.ok(missing.some(({ want }) => want[number] === 'unknown'));
    });
  }
});

describe('reportPage', () => {
  it('keeps what came from outside as text', () => {
    const requirements = judgeAll({ ...honest, ...envoyWith({ from: 'a|b\n## c <script>', failsOpen: ['[x](y)'] }) });
    const page = reportPage({ trustDomain: 'cluster.local', at: '2026-11-30T00:00:00Z', ok: false, requirements });
    assert.ok(page.includes('a\\|b'));
    assert.ok(!/^## c/m.test(page) && !page.includes('<script>') && !page.includes('[x](y)'));
  });
});
