import assert from 'node:assert/strict';
import { entitlements } from '../../../../src/identity/registration/entitlements.ts';
import { entriesOf } from '../../../../src/identity/registration/entries.ts';
import { explainEntries } from '../../../../src/identity/registration/explain-entries.ts';
import { createImplicitEntry } from '../../../../src/identity/registration/implicit-entries.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { parseSpiffeId } from '../../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';

const partner = parseTrustDomain('partner.test');

import { entry } from '../../../support/workload-endpoint.ts';

const id = (name: string) => `spiffe://cluster.local/ns/default/sa/${name}`;
const entries = [
  entry(id('a'), ['unix:uid:1', 'unix:gid:1'], { hint: 'main', origin: 'f:1' }),
  entry(id('b'), ['unix:uid:1'], { hint: 'main', origin: 'f:2' }),
  entry(id('b'), ['unix:uid:1'], { hint: 'again', origin: 'f:3' }),
  entry(id('c'), ['socket:/run/c'], { origin: 'f:4' }),
  entry(id('d'), ['socket:/run/c', 'unix:uid:7'], { origin: 'f:5' }),
  entry(id('e'), [], { origin: 'f:6' }),
];
const names = (selectors: readonly string[]) =>
  entitlements(entries, selectors).map(({ spiffeId, hint }) => `${spiffeId.split('/').at(-1)}:${hint}`);

const cases = [
  {
    name: 'gives all entries whose selectors all hold, in their order',
    selectors: ['unix:uid:1', 'unix:gid:1'],
    want: ['a:main', 'b:'],
  },
  { name: 'wants all selectors of an entry', selectors: ['unix:uid:1'], want: ['b:main'] },
  { name: 'gives nobody an entry without selectors', selectors: [], want: [] },
  {
    name: 'gives a caller at a workload socket only what is bound to it',
    selectors: ['socket:/run/c', 'unix:uid:1', 'unix:gid:1'],
    want: ['c:'],
  },
  { name: 'lets an entry demand a socket and more', selectors: ['socket:/run/c', 'unix:uid:7'], want: ['c:', 'd:'] },
  { name: 'gives nothing at another socket', selectors: ['socket:/run/x', 'unix:uid:1'], want: [] },
];

describe('entitlements', () => {
  for (const { name, selectors, want } of cases) it(name, () => assert.deepEqual(names(selectors), want));

  const implicit = createImplicitEntry({
    trustDomain: parseTrustDomain('cluster.local'),
    namespaces: createWatchable<ReadonlySet<string>>(new Set(['default', 'shop'])),
    terms: () => ({ x509SvidTtlMs: 1, jwtSvidTtlMs: 2, federatesWith: [partner] }),
  });
  const implied = (selectors: readonly string[]) =>
    entitlements(entries, selectors, implicit).map(({ spiffeId, origin }) => `${spiffeId} ${origin}`);
  const ofDefault = ['unix:uid:9', 'k8s:ns:default', 'k8s:sa:x'];

  it('gives a service account of a named namespace its own ID, after what is written', () => {
    const origin = 'attestation.kubernetes.implicit';
    assert.deepEqual(implied(ofDefault), [`${id('x')} ${origin}`]);
    assert.deepEqual(implied([...ofDefault, 'unix:uid:1']), [`${id('b')} f:2`, `${id('x')} ${origin}`]);
    assert.deepEqual(implied(['k8s:ns:default', 'k8s:sa:b', 'unix:uid:1']), [`${id('b')} f:2`]);
  });

  it('implies nothing elsewhere, of no account or of two, nor at a workload socket', () => {
    for (const selectors of [
      ['k8s:ns:kube-system', 'k8s:sa:x'],
      ['k8s:ns:default'],
      ['k8s:sa:x'],
      ['k8s:ns:default', 'k8s:ns:shop', 'k8s:sa:x'],
      ['k8s:ns:default', 'k8s:sa:x', 'k8s:sa:y'],
      [...ofDefault, 'socket:/run/x'],
    ])
      assert.deepEqual(implied(selectors), []);
  });
});

describe('explainEntries', () => {
  it('names the nearest entries and what each lacked', () => {
    const { entitled, nearest } = explainEntries(entries, ['unix:uid:1'], 2);
    assert.deepEqual(entitled, [id('b')]);
    assert.deepEqual(nearest, [
      { spiffeId: id('b'), origin: 'f:3', held: ['unix:uid:1'], lacked: [] },
      { spiffeId: id('e'), origin: 'f:6', held: [], lacked: [] },
    ]);
    const [first] = explainEntries(entries, ['unix:uid:7', 'unix:gid:1'], 1).nearest.filter(
      ({ lacked }) => lacked.length > 0,
    );
    assert.equal(first, undefined);
    const lacking = explainEntries(entries, ['unix:uid:7', 'unix:gid:1']).nearest.filter(
      ({ lacked }) => lacked.length > 0,
    );
    assert.deepEqual(lacking[0], { spiffeId: id('a'), origin: 'f:1', held: ['unix:gid:1'], lacked: ['unix:uid:1'] });
  });
});

describe('entriesOf', () => {
  it('adds an entry for each workload that has a socket of its own', () => {
    const made = entriesOf(
      [
        {
          spiffeId: parseSpiffeId(id('a')),
          selectors: ['unix:uid:1'],
          x509SvidTtlMs: 5,
          jwtSvidTtlMs: 7,
          dnsNames: ['a'],
          hint: 'h',
          federatesWith: [partner],
          origin: 'f:1',
        },
      ],
      [
        { spiffeId: parseSpiffeId(id('c')), socket: { path: '/run/c' }, federatesWith: [partner], origin: 'f:9' },
        { spiffeId: parseSpiffeId(id('d')), socket: undefined, federatesWith: [], origin: 'f:10' },
      ],
      { x509SvidTtlMs: 60, jwtSvidTtlMs: 30 },
    );
    assert.deepEqual(
      made.map(({ spiffeId, selectors, x509SvidTtlMs, jwtSvidTtlMs }) => [
        spiffeId,
        selectors,
        x509SvidTtlMs,
        jwtSvidTtlMs,
      ]),
      [
        [id('a'), ['unix:uid:1'], 5, 7],
        [id('c'), ['socket:/run/c'], 60, 30],
      ],
    );
  });
});
