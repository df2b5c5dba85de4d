import assert from 'node:assert/strict';
import { readConfig } from '../../../src/config/read-config.ts';

const FILE = '/etc/gatehouse/gatehouse.yaml';
const MINIMAL = 'trustDomain: cluster.local\n';

const good = (text: string) => {
  const reading = readConfig(text, FILE);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.config;
};
const bad = (text: string) => {
  const reading = readConfig(text, FILE);
  assert.ok(!reading.ok, 'was accepted');
  return reading.findings;
};

const modeOf = (listener: object) => ('mode' in listener ? listener.mode : undefined);

describe('readConfig', () => {
  it('fills in every default of the contract', () => {
    const config = good(MINIMAL);
    assert.equal(config.dataDir, '/etc/gatehouse/data');
    assert.deepEqual(config.roles, ['authority', 'decider']);
    assert.deepEqual(config.store, { kind: 'sqlite', path: '/etc/gatehouse/data/gatehouse.db' });
    assert.deepEqual(config.listen.extAuthz, { kind: 'tcp', host: '127.0.0.1', port: 9191, tls: false });
    assert.deepEqual(config.listen.health, { kind: 'tcp', host: '127.0.0.1', port: 9909, tls: false });
    assert.deepEqual(
      [config.listen.workloadApi.path, config.listen.workloadApi.mode, modeOf(config.listen.admin[0])],
      ['/etc/gatehouse/run/workload.sock', 0o666, 0o600],
    );
    assert.deepEqual(config.policies.paths, [{ path: '/etc/gatehouse/policies', namespaces: undefined }]);
    assert.deepEqual(config.policies.planes, { calico: 'enforce', l4: 'observe', site: 'observe' });
    assert.deepEqual(config.policies.site, { paths: [] });
    assert.deepEqual(config.jwks.denyNetworks, ['169.254.0.0/16', 'fe80::/10']);
    assert.equal(config.authority.x509AuthorityTtlMs, 365 * 86_400_000);
    assert.equal(config.authority.keyEncryptionKeyFile, undefined);
    assert.equal(config.extAuthz.workers, 1);
  });

  for (const [name, text] of [
    ['owners', 'policies:\n  owners: { ./a: team-a, __proto__: team-b }\n'],
    ['custom providers', 'policies:\n  customProviders:\n    a: envoy\n    __proto__: envoy\n'],
    ['service tags', 'policies:\n  site: { tags: { __proto__: [10.0.0.0/8] } }\n'],
    ['labels', 'workloads:\n- namespace: a\n  serviceAccount: b\n  labels: { __proto__: a }\n'],
    ['a name that is not plain', 'policies: { owners: { "__proto__": team-b } }\n'],
  ] as const)
    it(`refuses __proto__, which would be lost, with its place: ${name}`, () => {
      const [found, ...more] = bad(MINIMAL + text);
      const lines = (MINIMAL + text).split('\n');
      const line = lines.findIndex((each) => each.includes('__proto__'));
      assert.deepEqual(more, []);
      assert.equal(found?.message, 'no name may be __proto__');
      assert.deepEqual([found.line, found.column], [line + 1, lines[line]!.search(/"?__proto__/) + 1]);
    });

  it("reads paths of the site's own layer, and what is said of all of them for each", () => {
    const { policies } = good(`${MINIMAL}policies:
  site:
    tags: { VirtualNetwork: [10.0.0.0/8], Internet: { except: [10.0.0.0/8] } }
    applicationSecurityGroups: { web: [10.1.0.0/24] }
    paths:
    - corporate.yaml
    - { path: edge.json, subnets: [10.1.0.0/16], tags: { VirtualNetwork: [10.1.0.0/16] } }
`);
    const applicationSecurityGroups = { web: ['10.1.0.0/24'] };
    const tags = { VirtualNetwork: ['10.0.0.0/8'], Internet: { except: ['10.0.0.0/8'] } };
    assert.deepEqual(policies.site.paths, [
      { path: '/etc/gatehouse/corporate.yaml', subnets: undefined, tags, applicationSecurityGroups },
      {
        path: '/etc/gatehouse/edge.json',
        subnets: ['10.1.0.0/16'],
        tags: { ...tags, VirtualNetwork: ['10.1.0.0/16'] },
        applicationSecurityGroups,
      },
    ]);
  });

  it('reads roles on the admin API, and lets a bare ID operate on everything', () => {
    const { admin, listen } = good(`${MINIMAL}admin:
  group: 4711
  clients:
  - spiffe://cluster.local/a
  - { id: spiffe://cluster.local/b, role: read, namespaces: [team-a] }
  - { id: spiffe://cluster.local/c, role: operate }
`);
    assert.deepEqual(admin.clients, [
      { id: 'spiffe://cluster.local/a', role: 'operate', namespaces: undefined },
      { id: 'spiffe://cluster.local/b', role: 'read', namespaces: ['team-a'] },
      { id: 'spiffe://cluster.local/c', role: 'operate', namespaces: undefined },
    ]);
    assert.equal(admin.group, '4711');
    const [socket] = listen.admin;
    assert.ok(socket.kind === 'unix');
    assert.deepEqual([socket.mode, socket.group], [0o660, '4711'], 'who reads may open the socket');
  });

  it('takes one admin API or several', () => {
    const { listen } = good(
      `${MINIMAL}listen:\n  admin: [unix:./run/admin.sock, 0.0.0.0:9443, { path: ./b.sock, mode: 0660 }]\n`,
    );
    assert.deepEqual(listen.admin.map(modeOf), [0o600, undefined, 0o660]);
    assert.deepEqual(listen.admin[1], { kind: 'tcp', host: '0.0.0.0', port: 9443, tls: true });
  });

  it('is frozen to the leaves', () => {
    assert.throws(() => Object.assign(good(MINIMAL).policies.planes, { l4: 'off' }), TypeError);
  });

  it('resolves entries and workloads', () => {
    const config = good(`${MINIMAL}entries:
  - spiffeId: spiffe://cluster.local/ns/default/sa/details
    selectors: [unix:uid:1001]
    x509SvidTtl: 10m
    jwtSvidTtl: 90s
workloads:
  - namespace: default
    serviceAccount: details
    labels: { app: details }
    socket: { path: ./run/details.sock, mode: 0640, owner: 1001 }
`);
    assert.equal(config.entries[0]!.x509SvidTtlMs, 600_000);
    assert.equal(config.entries[0]!.jwtSvidTtlMs, 90_000);
    assert.equal(config.entries[0]!.origin, `${FILE}:3`);
    assert.equal(config.workloads[0]!.spiffeId, 'spiffe://cluster.local/ns/default/sa/details');
    assert.deepEqual(config.workloads[0]!.socket, {
      kind: 'unix',
      path: '/etc/gatehouse/run/details.sock',
      mode: 0o640,
      owner: '1001',
      group: undefined,
    });
  });

  const modes = [
    { written: '0660', want: 0o660 },
    { written: '660', want: 0o660 },
    { written: '0o660', want: 0o660 },
    { written: '"0660"', want: 0o660 },
  ];
  for (const { written, want } of modes) {
    it(`reads mode ${written} as chmod does`, () => {
      const config = good(`${MINIMAL}listen: { admin: { path: /run/a.sock, mode: ${written} } }`);
      assert.equal(modeOf(config.listen.admin[0]), want);
    });
  }

  const cases = [
    { name: 'no trust domain', text: 'roles: [authority, decider]', line: 1, path: 'trustDomain', says: /missing/ },
    { name: 'an empty file', text: '', line: 1, path: 'trustDomain', says: /missing/ },
    { name: 'a list', text: '- a', line: 1, path: '', says: /expected object/ },
    { name: 'broken YAML', text: `${MINIMAL}listen: {`, line: 2, path: '', says: /flow map/i },
    { name: 'a key twice', text: MINIMAL + MINIMAL, line: 2, path: '', says: /unique/ },
    {
      name: 'an upper-case trust domain',
      text: 'trustDomain: Cluster',
      line: 1,
      path: 'trustDomain',
      says: /"C" is not/,
    },
    {
      name: 'an unknown key',
      text: `${MINIMAL}polices: {}`,
      line: 2,
      path: 'polices',
      says: /did you mean policies\?/,
    },
    {
      name: 'an unknown key deep inside',
      text: `${MINIMAL}entries:\n  - spiffeId: spiffe://cluster.local/a\n    selector: [unix:uid:1]\n    selectors: [unix:uid:1]`,
      line: 4,
      path: 'entries[0].selector',
      says: /did you mean selectors\?/,
    },
    {
      name: 'an unknown key of a listener',
      text: `${MINIMAL}listen:\n  admin: { path: /run/a.sock, mod: 0600 }`,
      line: 3,
      path: 'listen.admin.mod',
      says: /did you mean mode\?/,
    },
    {
      name: 'a bad duration',
      text: `${MINIMAL}authority:\n  x509SvidTtl: 1 hour`,
      line: 3,
      path: 'authority.x509SvidTtl',
      says: /5m/,
    },
    {
      name: 'an entry whose SVIDs outlive half of their authority',
      text: `${MINIMAL}authority: { x509AuthorityTtl: 10h }\nentries:\n- spiffeId: spiffe://cluster.local/a\n  selectors: [unix:uid:1]\n  x509SvidTtl: 6h`,
      line: 6,
      path: 'entries[0].x509SvidTtl',
      says: /more than half as long/,
    },
    {
      name: 'an entry whose tokens outlive half of their authority',
      text: `${MINIMAL}authority: { jwtAuthorityTtl: 10h }\nentries:\n- spiffeId: spiffe://cluster.local/a\n  selectors: [unix:uid:1]\n  jwtSvidTtl: 6h`,
      line: 6,
      path: 'entries[0].jwtSvidTtl',
      says: /more than half as long/,
    },
    {
      name: 'an entry whose tokens would be over before they begin',
      text: `${MINIMAL}entries:\n- spiffeId: spiffe://cluster.local/a\n  selectors: [unix:uid:1]\n  jwtSvidTtl: 999ms`,
      line: 5,
      path: 'entries[0].jwtSvidTtl',
      says: /less than a second/,
    },
    {
      name: 'SVIDs that would be over before they begin',
      text: `${MINIMAL}authority: { x509SvidTtl: 500ms }`,
      line: 2,
      path: 'authority.x509SvidTtl',
      says: /less than a second/,
    },
    {
      name: 'a duration of nothing',
      text: `${MINIMAL}authority: { x509SvidTtl: 0s }`,
      line: 2,
      path: 'authority.x509SvidTtl',
      says: /nothing/,
    },
    ...(
      [
        ['6m', '', /at most 5m/],
        ['5m', 'x509SvidTtl: 9m', /at most half of the shortest x509SvidTtl/],
        ['11s', 'x509SvidTtl: 20s', /at most half/],
        ['1m', 'x509AuthorityTtl: 99m, x509SvidTtl: 10m', /at most a hundredth/],
        ['1m', 'jwtAuthorityTtl: 99m', /at most a hundredth/],
        ['-1s', '', /not a duration/],
      ] as const
    ).map(([backdate, others, says]) => ({
      name: `backdating by ${backdate} with ${others || 'usual lives'}`,
      text: `${MINIMAL}authority: { backdate: ${backdate}, ${others} }`,
      line: 2,
      path: 'authority.backdate',
      says,
    })),
    {
      name: 'an unknown plane',
      text: `${MINIMAL}policies: { planes: { l4: on } }`,
      line: 2,
      path: 'policies.planes.l4',
      says: /enforce/,
    },
    {
      name: 'plain TCP beyond loopback',
      text: `${MINIMAL}listen: { extAuthz: { address: 0.0.0.0:9191, tls: false } }`,
      line: 2,
      path: 'listen.extAuthz',
      says: /not loopback/,
    },
    {
      name: 'a port over 65535',
      text: `${MINIMAL}listen: { extAuthz: 127.0.0.1:70000 }`,
      line: 2,
      path: 'listen.extAuthz',
      says: /ADDRESS:PORT/,
    },
    {
      name: 'plain TCP for the admin API',
      text: `${MINIMAL}listen: { admin: { address: 127.0.0.1:1, tls: false } }`,
      line: 2,
      path: 'listen.admin',
      says: /unix socket/,
    },
    {
      name: 'plain TCP for the admin API, in a list',
      text: `${MINIMAL}listen:\n  admin:\n  - unix:./a.sock\n  - { address: 127.0.0.1:1, tls: false }`,
      line: 5,
      path: 'listen.admin[1]',
      says: /unix socket/,
    },
    {
      name: 'an admin API that listens nowhere',
      text: `${MINIMAL}listen: { admin: [] }`,
      line: 2,
      path: 'listen.admin',
      says: /at least one/,
    },
    {
      name: 'one socket twice for the admin API',
      text: `${MINIMAL}listen:\n  admin: [unix:./a.sock, unix:./a.sock]`,
      line: 3,
      path: 'listen.admin[1]',
      says: /used by two listeners/,
    },
    {
      name: 'one port for two listeners',
      text: `${MINIMAL}listen:\n  extAuthz: 127.0.0.1:9443\n  admin: [unix:./a.sock, 127.0.0.1:9443]`,
      line: 4,
      path: 'listen.admin[1]',
      says: /127\.0\.0\.1:9443 is used by two listeners/,
    },
    {
      name: 'an unknown key of a listener of a list',
      text: `${MINIMAL}listen:\n  admin:\n  - { address: 127.0.0.1:1, tsl: true }`,
      line: 4,
      path: 'listen.admin[0].tsl',
      says: /did you mean tls\?/,
    },
    {
      name: 'no address in a list',
      text: `${MINIMAL}listen:\n  admin: [unix:./a.sock, nowhere]`,
      line: 3,
      path: 'listen.admin[1]',
      says: /ADDRESS:PORT/,
    },
    {
      name: 'an unknown key of a TCP listener',
      text: `${MINIMAL}listen:\n  health: { address: 127.0.0.1:1, tsl: true }`,
      line: 3,
      path: 'listen.health.tsl',
      says: /did you mean tls\?/,
    },
    {
      name: 'TCP for the Workload API',
      text: `${MINIMAL}listen: { workloadApi: 127.0.0.1:1 }`,
      line: 2,
      path: 'listen.workloadApi',
      says: /unix socket/,
    },
    {
      name: 'an operator of some namespaces',
      text: `${MINIMAL}admin:\n  clients:\n  - { id: spiffe://cluster.local/a, role: operate, namespaces: [a] }`,
      line: 4,
      path: 'admin.clients[0].namespaces',
      says: /of no namespace/,
    },
    {
      name: 'a reader of no namespace',
      text: `${MINIMAL}admin:\n  clients:\n  - { id: spiffe://cluster.local/a, role: read, namespaces: [] }`,
      line: 4,
      path: 'admin.clients[0].namespaces',
      says: /leave namespaces out for all/,
    },
    {
      name: 'a reader of all names',
      text: `${MINIMAL}admin:\n  clients:\n  - { id: spiffe://cluster.local/a, role: read, namespaces: ["*"] }`,
      line: 4,
      path: 'admin.clients[0].namespaces[0]',
      says: /not a name/,
    },
    {
      name: 'a client of the admin API without a role',
      text: `${MINIMAL}admin:\n  clients:\n  - { id: spiffe://cluster.local/a, namespaces: [a] }`,
      line: 4,
      path: 'admin.clients[0].role',
      says: /missing|must be given/,
    },
    {
      name: 'a role that there is not',
      text: `${MINIMAL}admin:\n  clients:\n  - { id: spiffe://cluster.local/a, role: write }`,
      line: 4,
      path: 'admin.clients[0].role',
      says: /read.*operate/,
    },
    {
      name: 'a client of the admin API twice',
      text: `${MINIMAL}admin:\n  clients:\n  - spiffe://cluster.local/a\n  - { id: spiffe://cluster.local/a, role: read }`,
      line: 5,
      path: 'admin.clients[1]',
      says: /named twice/,
    },
    {
      name: 'a client of the admin API that is no SPIFFE ID',
      text: `${MINIMAL}admin: { clients: [spiffe://Cluster.local/a] }`,
      line: 2,
      path: 'admin.clients[0]',
      says: /"C" is not allowed/,
    },
    ...['nogroup', 'nobody', '65534'].map((group) => ({
      name: `a group of readers that stands for all that have no name: ${group}`,
      text: `${MINIMAL}admin: { group: ${group} }`,
      line: 2,
      path: 'admin.group',
      says: /every group that it has no number for/,
    })),
    {
      name: 'a group of readers where there is no socket',
      text: `${MINIMAL}listen: { admin: 127.0.0.1:0 }\nadmin: { group: ops }`,
      line: 3,
      path: 'admin.group',
      says: /no unix socket/,
    },
    {
      name: 'a group of readers that the socket keeps out',
      text: `${MINIMAL}listen: { admin: { path: /run/a.sock, mode: 0600 } }\nadmin: { group: ops }`,
      line: 3,
      path: 'admin.group',
      says: /could not open the socket, whose mode is 0600/,
    },
    {
      name: 'a group of readers and a socket of another',
      text: `${MINIMAL}listen: { admin: { path: /run/a.sock, group: dev } }\nadmin: { group: ops }`,
      line: 3,
      path: 'admin.group',
      says: /given to the group dev/,
    },
    {
      name: 'a socket path of 120 bytes',
      text: `${MINIMAL}listen: { admin: unix:/${'a'.repeat(119)} }`,
      line: 2,
      path: 'listen.admin',
      says: /120 bytes.*107/,
    },
    {
      name: 'two listeners on one socket',
      text: `${MINIMAL}listen: { admin: unix:/run/a.sock, workloadApi: unix:/run/a.sock }`,
      line: 2,
      path: 'listen.admin',
      says: /two listeners/,
    },
    {
      name: 'postgres without a key-encryption key',
      text: `${MINIMAL}store: postgres://db/x`,
      line: 1,
      path: 'authority.keyEncryptionKeyFile',
      says: /encrypted/,
    },
    { name: 'an unknown store', text: `${MINIMAL}store: mysql://db/x`, line: 2, path: 'store', says: /sqlite:PATH/ },
    {
      name: 'an entry of another trust domain',
      text: `${MINIMAL}entries: [{ spiffeId: spiffe://other/a, selectors: [unix:uid:1] }]`,
      line: 2,
      path: 'entries[0].spiffeId',
      says: /not in trust domain/,
    },
    {
      name: 'an entry that entitles everybody',
      text: `${MINIMAL}entries: [{ spiffeId: spiffe://cluster.local/a, selectors: [] }]`,
      line: 2,
      path: 'entries[0].selectors',
      says: /everybody/,
    },
    {
      name: 'a program alone, which anybody can become after he has connected',
      text: `${MINIMAL}entries: [{ spiffeId: spiffe://cluster.local/a, selectors: ['unix:path:/usr/bin/a'] }]`,
      line: 2,
      path: 'entries[0].selectors',
      says: /connect first.*unix:user:NAME/,
    },
    {
      name: 'a program by path and hash, and still nobody in particular',
      text: `${MINIMAL}entries:\n  - spiffeId: spiffe://cluster.local/a\n    selectors: ['unix:path:/usr/bin/a', 'unix:sha256:${'0'.repeat(64)}']`,
      line: 4,
      path: 'entries[0].selectors',
      says: /connect first/,
    },
    {
      name: 'a selector of no kind',
      text: `${MINIMAL}entries: [{ spiffeId: spiffe://cluster.local/a, selectors: [uid:1] }]`,
      line: 2,
      path: 'entries[0].selectors[0]',
      says: /not a selector/,
    },
    {
      name: 'a decider without an authority',
      text: `${MINIMAL}roles: [decider]`,
      line: 2,
      path: 'roles',
      says: /which certificates are revoked/,
    },
    {
      name: 'an authority that follows another',
      text: `${MINIMAL}authorityAddress: 10.0.0.1:9444`,
      line: 2,
      path: 'authorityAddress',
      says: /follows no other/,
    },
    {
      name: 'a feed without an authority',
      text: `${MINIMAL}roles: [decider]\nauthorityAddress: 10.0.0.1:9444\nlisten: { feed: 0.0.0.0:9444 }`,
      line: 4,
      path: 'listen.feed',
      says: /authority role/,
    },
    {
      name: 'an address of an authority that is none',
      text: `${MINIMAL}roles: [decider]\nauthorityAddress: nowhere`,
      line: 3,
      path: 'authorityAddress',
      says: /HOST:PORT or unix:PATH/,
    },
    {
      name: 'plain TCP for the feed',
      text: `${MINIMAL}listen: { feed: { address: 127.0.0.1:1, tls: false } }`,
      line: 2,
      path: 'listen.feed',
      says: /certificates/,
    },
    {
      name: "the authority's own ID for somebody else",
      text: `${MINIMAL}entries: [{ spiffeId: spiffe://cluster.local/gatehouse/authority, selectors: [unix:uid:1] }]`,
      line: 2,
      path: 'entries[0].spiffeId',
      says: /own ID/,
    },
    {
      name: 'a bad network',
      text: `${MINIMAL}policies: { hops: [10.0.0.0/33] }`,
      line: 2,
      path: 'policies.hops[0]',
      says: /10\.0\.0\.0\/8/,
    },
    {
      name: 'an unknown provider',
      text: `${MINIMAL}policies: { customProviders: { opa: grpc } }`,
      line: 2,
      path: 'policies.customProviders.opa',
      says: /envoy/,
    },
    {
      name: 'labels that are no strings',
      text: `${MINIMAL}workloads: [{ namespace: a, serviceAccount: b, labels: { x: 1 } }]`,
      line: 2,
      path: 'workloads[0].labels.x',
      says: /string/,
    },
  ];
  for (const { name, text, line, path, says } of cases) {
    it(`refuses ${name}, and says where`, () => {
      const [finding] = bad(text);
      assert.ok(finding);
      assert.deepEqual([finding.file, finding.line, finding.path], [FILE, line, path], JSON.stringify(finding));
      assert.match(`${finding.message} ${finding.fix}`, says);
    });
  }

  it('tells several problems at once, in the order of the file', () => {
    const findings = bad('trustDomain: X\npolices: {}\nlog: { level: loud }\n');
    assert.deepEqual(
      findings.map(({ line, code }) => [line, code]),
      [
        [1, 'not-allowed'],
        [2, 'unknown-key'],
        [3, 'not-allowed'],
      ],
    );
  });

  for (const anchor of [
    'unix:uid:1',
    'unix:user:a',
    'unix:gid:1',
    'unix:group:a',
    'unix:supplementary_gid:1',
    'socket:/run/a.sock',
  ]) {
    it(`takes a program together with ${anchor}`, () => {
      good(
        `${MINIMAL}entries: [{ spiffeId: spiffe://cluster.local/a, selectors: ['unix:path:/usr/bin/a', '${anchor}'] }]`,
      );
    });
  }
});
