import assert from 'node:assert/strict';
import { readConfig } from '../../../src/config/read-config.ts';

const reading = (kubernetes: string, more = 'attestation: { kubernetes: {} }\n') =>
  readConfig(`trustDomain: cluster.local\nkubernetes: ${kubernetes}\n${more}`, '/etc/gatehouse/gatehouse.yaml');

const said = (...args: Parameters<typeof reading>): string[] => {
  const read = reading(...args);
  return read.ok ? [] : read.findings.map(({ code, path }) => `${code} ${path}`);
};

describe('kubernetes.signer in the configuration', () => {
  it('is off; a day is the most and a Lease of our own namespace chooses, unless told', () => {
    const off = reading('{}');
    assert.ok(off.ok);
    assert.equal(off.config.kubernetes.signer, undefined);
    assert.deepEqual(off.config.kubernetes.leader, { namespace: '', lease: 'gatehouse' });
    const on = reading('{ signer: { name: gatehouse.io/workload } }');
    assert.ok(on.ok);
    assert.deepEqual(on.config.kubernetes.signer, { name: 'gatehouse.io/workload', ttlMs: 86_400_000 });
  });

  for (const name of [
    'gatehouse.io',
    'workload',
    'io/workload',
    'gatehouse.io/a/b',
    'Gatehouse.io/a',
    'kubernetes.io/kubelet-serving',
    'beta.kubernetes.io/x',
    "''",
  ])
    it(`refuses ${name} as the name of a signer`, () => {
      assert.deepEqual(
        said(`{ signer: { name: ${name} } }`).map((each) => each.split(' ')[1]),
        ['kubernetes.signer.name'],
      );
    });
  for (const name of ['gatehouse.io/workload', 'a.b-c.example/x.y-z', 'notkubernetes.io/x'])
    it(`takes ${name}`, () => assert.deepEqual(said(`{ signer: { name: ${name} } }`), []));

  const rows = [
    { ttl: '59m', want: ['out-of-range kubernetes.signer.ttl'] },
    { ttl: '1h', want: [] },
    { ttl: '91d', want: [] },
    { ttl: '92d', want: ['out-of-range kubernetes.signer.ttl'] },
  ];
  for (const { ttl, want } of rows)
    it(`of a life of ${ttl} says: ${want.join() || 'nothing'}`, () => {
      assert.deepEqual(said(`{ signer: { name: gatehouse.io/workload, ttl: ${ttl} } }`), want);
    });

  it('is refused where nobody could be anybody, and where nothing is signed', () => {
    const on = '{ signer: { name: gatehouse.io/workload } }';
    assert.deepEqual(said(on, ''), ['missing kubernetes.signer']);
    const decider = 'roles: [decider]\nauthorityAddress: unix:./a.sock\n';
    assert.ok(said(on, decider).includes('contradiction kubernetes.signer'));
    assert.deepEqual(
      said(on, 'attestation: { kubernetes: {} }\nauthority: { x509AuthorityTtl: 90m, x509SvidTtl: 30m }\n'),
      ['too-short authority.x509AuthorityTtl'],
    );
  });
});
