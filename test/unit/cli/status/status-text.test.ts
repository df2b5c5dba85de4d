import assert from 'node:assert/strict';
import type { StatusReport } from '../../../../src/cli/status/status-report.ts';
import { statusText } from '../../../../src/cli/status/status-text.ts';
import { plainLook } from '../../../../src/cli/terminal/look.ts';

const nowMs = Date.parse('2026-01-02T00:00:00.000Z');
const hourAgo = '2026-01-01T23:00:00.000Z';

function report(differs: Partial<StatusReport> = {}): StatusReport {
  return {
    version: { client: '1.2.3', server: '1.2.3' },
    pid: 7,
    startedAt: '2026-01-01T00:00:00.000Z',
    trustDomain: 'cluster.local',
    roles: ['authority', 'decider'],
    ready: true,
    waiting: {},
    degraded: [],
    troubles: [],
    details: {},
    generation: 3,
    policiesSince: hourAgo,
    decisions: { allowed: 90, denied: 10, perSecond: 2.5, deniedPerSecond: 0.5 },
    deciders: [{ pid: 8, generation: 3 }],
    addresses: { ready: true, roles: [], admin: '', health: '', pid: 7, deciderPids: [8] },
    authorities: [authority('x509', 'active', 5)],
    svids: { x509: 5, jwt: 1 },
    policies: {
      counts: [{ dialect: 'istio', kind: 'AuthorizationPolicy', count: 2 }],
      skipped: {},
      degraded: [],
      summary: 'read 2; skipped nothing',
      findings: { errors: 0, warnings: 0 },
    },
    lastChange: null,
    notShown: [],
    ...differs,
  };
}

const authority = (use: string, slot: string, unexpiredSvids: number) => ({
  ...{
    id: 'ab'.repeat(20),
    use,
    slot,
    subjectKeyId: '',
    keyPlace: 'disk',
    publishedSequence: 1,
    unexpiredSvids,
    podCertificatesUntil: null,
  },
  ...{ notBefore: hourAgo, notAfter: '2027-01-01T00:00:00.000Z' },
  ...{ unacknowledgedCount: 0, unacknowledgedNotByWaiting: 0 },
});

describe('statusText', () => {
  const rows: readonly { name: string; differs: Partial<StatusReport>; says: readonly RegExp[] }[] = [
    { name: 'ready', differs: {}, says: [/^state +ready, up 1d$/m, /^rotation +none under way$/m] },
    {
      name: 'what is degraded and since when',
      differs: { degraded: ['a.yaml:7'], troubles: [{ what: 'a.yaml:7', since: hourAgo }] },
      says: [/^degraded +a\.yaml:7 \(since 2026-01-01T23:00:00\.000Z, 1h\)$/m],
    },
    {
      name: 'what it waits for',
      differs: {
        ready: false,
        waiting: { authority: 'no key' },
        troubles: [{ what: 'authority: no key', since: hourAgo }],
      },
      says: [/^state +NOT READY/m, /^waiting for +authority: no key \(since .*, 1h\)$/m],
    },
    {
      name: 'an older server, which does not say since when',
      differs: { waiting: { policies: 'none' }, degraded: ['a.yaml:7'], troubles: undefined, policiesSince: undefined },
      says: [/^waiting for +policies: none$/m, /^degraded +a\.yaml:7$/m, /^policies +2 in force, generation 3$/m],
    },
    {
      name: 'a rotation under way',
      differs: { authorities: [authority('x509', 'tainted', 4), authority('x509', 'active', 5)] },
      says: [/^rotation +x509: tainted, 4 SVIDs to renew$/m],
    },
    {
      name: 'a server of another version',
      differs: { version: { client: '1.3.0', server: '1.2.3' } },
      says: [/^gatehouse +1\.2\.3 \(this command: 1\.3\.0\), authority and decider, pid 7$/m],
    },
    {
      name: 'what may not be shown',
      differs: { policies: null, authorities: null, svids: null, notShown: [{ what: 'policies', why: 'no' }] },
      says: [/^policies +not shown: no$/m],
    },
    {
      name: 'no policy at all',
      differs: { policies: { ...report().policies!, counts: [], summary: 'read nothing' } },
      says: [/^policies +0 in force/m],
    },
    {
      name: 'a decider alone',
      differs: {
        feed: {
          ...{ decider: 'node-7', authorityAddresses: ['a:1'], connected: false, why: 'refused' },
          ...{ ageSeconds: 61, bundleSequence: 1, revocationSequence: 1 },
        },
      },
      says: [/^follows +NOT connected to a:1: refused; as node-7, what it knows is 1m 1s old$/m],
    },
  ];
  for (const { name, differs, says } of rows)
    it(`says ${name}`, () => {
      const text = statusText(report(differs), plainLook, nowMs);
      for (const each of says) assert.match(text, each);
    });

  it('is as wide as the terminal, and loses nothing for it', () => {
    const long = `${'broken '.repeat(30)}end`;
    const text = statusText(report({ degraded: [long], troubles: undefined }), { ...plainLook, columns: 60 }, nowMs);
    assert.ok(text.split('\n').every((line) => line.length <= 60));
    assert.equal(text.match(/broken/g)?.length, 30);
  });
});
