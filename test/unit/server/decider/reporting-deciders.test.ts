import assert from 'node:assert/strict';
import { reportRefusal, withRemote } from '../../../../src/server/decider/reporting-deciders.ts';
import type { DeciderCounts } from '../../../../src/server/log/decider-counts.ts';

const id = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

describe('reportRefusal', () => {
  const reported: (readonly [holder: string, witness: string | undefined])[] = [];
  const authority = {
    holderOf: (certificate: Uint8Array) => (certificate.length === 0 ? undefined : Buffer.from(certificate).toString()),
    reportTrouble: (holder: string, witness?: string) => void reported.push([holder, witness]),
  };

  it('reports the holder of a certificate of ours, and no stranger; what a decider elsewhere says as its word', () => {
    reportRefusal(authority, Buffer.from('a'));
    reportRefusal(authority, new Uint8Array());
    reportRefusal(authority, Buffer.from('b'), 'node-7');
    assert.deepEqual(reported, [
      ['a', undefined],
      ['b', 'decider node-7'],
    ]);
  });
});

describe('withRemote', () => {
  const edge = (caller: string, destination: string, decision: 'allow' | 'deny') =>
    ({ caller, destination, namespace: 'default', port: 1, protocol: 'http', decision, count: 1, lastAt: 1 }) as const;
  const counts: DeciderCounts = {
    ...{
      decider: 'node-7',
      state: 'reporting',
      why: '',
      sinceAt: 1,
      lastAt: 1,
      deniedCallers: [],
      handshakes: [],
      rules: [],
      rulesOverflow: 0,
      lost: 0,
    },
    edges: [
      edge(id('a'), id('b'), 'allow'),
      edge(id('a'), id('c'), 'deny'),
      edge('CN=a', id('c'), 'allow'),
      edge(id('d'), '', 'allow'),
      edge(id('e'), id('b'), 'allow'),
    ],
    checks: { allowed: 4, denied: 1 },
    overflow: { allowed: 0, denied: 0, deniedCallers: 0 },
    dropped: { logged: 0, sent: 0 },
  };

  it('adds the pairs of workloads that deciders elsewhere allowed, each once, behind those seen here', () => {
    const own = [{ caller: id('a'), callee: id('b') }];
    assert.deepEqual(withRemote(own, [counts, counts]), [
      { caller: id('a'), callee: id('b') },
      { caller: id('e'), callee: id('b') },
    ]);
  });
});
