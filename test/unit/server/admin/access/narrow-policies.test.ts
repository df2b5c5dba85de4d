import assert from 'node:assert/strict';
import type { PoliciesAnswer } from '../../../../../src/admin-api/policies.ts';
import { narrowPolicies } from '../../../../../src/server/admin/access/narrow-policies.ts';
import { createSight } from '../../../../../src/server/admin/access/sight.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';

const sight = createSight(['team-a'], {
  trustDomain: parseTrustDomain('cluster.local'),
  trustDomainAliases: [],
  workloads: [],
  policies: { rootNamespace: 'istio-system' },
});

const policy = (namespace: string, name: string, file: string) => ({
  ...{ dialect: 'istio', kind: 'AuthorizationPolicy', namespace, name, file },
  line: 1,
  column: 1,
});
const finding = (file: string, severity: string, message = 'm', fix = 'f') => ({
  ...{ file, severity, message, fix, line: 3, column: 1, code: 'c', path: '' },
});

const other = (policyName: string, file: string) => ({
  ...{ kind: 'AuthorizationPolicy', policy: policyName, rule: 0, file, line: 1, column: 1 },
});

const whole: PoliciesAnswer = {
  generation: 4,
  counts: [{ dialect: 'istio', kind: 'AuthorizationPolicy', count: 5 }],
  skipped: { '/Secret': 2 },
  summary: 'read 5',
  degraded: ['/p/b.yaml:3', '/a/broken.yaml:9', '/p/broken.yaml:2', '/a'],
  findings: [
    finding('/p/a.yaml', 'warning'),
    finding('/p/a.yaml', 'warning', 'may meet team-b/vault: see', 'look at /p/b.yaml:3.'),
    finding('/p/a.yaml', 'warning', 'path /closed is "/p/a.yaml"', 'global-one, too'),
    finding('/p/a.yaml', 'error'),
    finding('/p/b.yaml', 'warning'),
    finding('/p/both.yaml', 'warning'),
    finding('/p/empty.yaml', 'warning'),
    finding('/a/broken.yaml', 'error'),
    finding('/ab/x.yaml', 'error'),
  ],
  planes: [
    {
      id: 'istio',
      mode: 'enforce',
      stages: [
        {
          kind: 'any-deny',
          policies: [policy('istio-system', 'house', '/p/mesh.yaml'), policy('', 'global-one', '/p/mesh.yaml')],
        },
        {
          kind: 'any-allow',
          policies: [
            policy('team-a', 'one', '/p/a.yaml'),
            policy('team-b', 'vault', '/p/b.yaml'),
            policy('team-a', 'two', '/p/both.yaml'),
            policy('team-b', 'three', '/p/both.yaml'),
          ],
        },
      ],
    },
  ],
};

const seen = narrowPolicies(whole, sight, [
  { path: '/p', namespaces: undefined },
  { path: '/a', namespaces: ['team-a'] },
  { path: '/ab', namespaces: ['team-a', 'team-b'] },
]);

describe('narrowPolicies', () => {
  it('leaves policies of his namespaces, and counts those', () => {
    const names = seen.planes.flatMap(({ stages }) =>
      stages.flatMap(({ policies }) => policies.map(({ name }) => name)),
    );
    assert.deepEqual(names, ['one', 'two']);
    assert.deepEqual(seen.counts, [{ dialect: 'istio', kind: 'AuthorizationPolicy', count: 2 }]);
    assert.deepEqual(seen.skipped, {});
    assert.doesNotMatch(seen.summary, /5|Secret/);
  });

  it('leaves findings of files that hold nothing of others, and errors of a path that only he may fill', () => {
    const places = seen.findings.map(({ file, severity }) => `${file} ${severity}`);
    assert.deepEqual(places, [...Array<string>(3).fill('/p/a.yaml warning'), '/a/broken.yaml error']);
    assert.deepEqual(seen.degraded, ['/a/broken.yaml:9', '/a']);
  });

  it('leaves of the others of a finding those that are his, in files that hold nothing of others', () => {
    const seenOf = (...others: ReturnType<typeof other>[]) =>
      narrowPolicies({ ...whole, findings: [{ ...finding('/p/a.yaml', 'warning'), others }] }, sight, [
        { path: '/p', namespaces: undefined },
      ]).findings[0];
    const [own, foreign, mesh] = [
      other('team-a/one', '/p/a.yaml'),
      other('team-b/vault', '/p/b.yaml'),
      other('global-one', '/p/mesh.yaml'),
    ];
    assert.deepEqual(seenOf(foreign, own, mesh, other('team-a/two', '/p/both.yaml'))?.others, [own]);
    assert.equal('others' in (seenOf(foreign, mesh) ?? {}), false);
  });

  it('hides what a finding says of others', () => {
    const hidden = 'not shown: it names what lies in other namespaces';
    assert.deepEqual(
      seen.findings.slice(0, 3).map(({ message, fix }) => [message, fix]),
      [
        ['m', 'f'],
        [hidden, hidden],
        ['path /closed is "/p/a.yaml"', hidden],
      ],
    );
  });
});
