import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fromPem } from '../../../src/identity/pki/pem.ts';
import type { BundleSet, OwnBundle } from '../../../src/spiffe/bundle.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { allow, deny, source } from '../../differential/corners/corner.ts';
import { asker } from '../../support/asked.ts';
import { makeCertificate, usualCa } from '../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const leafOf = (id: string): string =>
  `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=URI:${id}\nauthorityKeyIdentifier=keyid\n`;
const idIn = (domain: string): string => `spiffe://${domain}/ns/foo/sa/a`;

describe('peers of other trust domains', function () {
  this.timeout(60_000);
  let dir: TempDir;
  let bundles: BundleSet;
  const bundleOf = (name: string, ...roots: readonly string[]): OwnBundle => ({
    trustDomain: parseTrustDomain(name),
    ...{ sequence: 1, refreshHintSeconds: 300, jwtAuthorities: [] },
    x509Authorities: roots.flatMap((root) => fromPem('CERTIFICATE', readFileSync(dir.at(`${root}.pem`), 'utf8'))),
  });
  before(async () => {
    dir = await tempDir('peers-');
    for (const name of ['own', 'b', 'c']) makeCertificate(dir, { name });
    // Planted: the root of B certifies the keys of ours and of C's, and C's bundle holds B's root too.
    makeCertificate(dir, { name: 'own-by-b', issuer: 'b', key: 'own', extensions: usualCa });
    makeCertificate(dir, { name: 'c-by-b', issuer: 'b', key: 'c', extensions: usualCa });
    const leaves = [
      { name: 'own-leaf', issuer: 'own', of: 'cluster.local' },
      { name: 'b-leaf', issuer: 'b', of: 'b.example' },
      { name: 'ours-by-b', issuer: 'b', of: 'cluster.local' },
      { name: 'alias-by-b', issuer: 'b', of: 'old.local' },
      { name: 'c-by-b-leaf', issuer: 'b', of: 'c.example' },
      { name: 'b-by-own', issuer: 'own', of: 'b.example' },
      { name: 'c-by-own', issuer: 'own', of: 'c.example' },
      { name: 'unknown-by-b', issuer: 'b', of: 'd.example' },
    ];
    for (const { name, issuer, of } of leaves) makeCertificate(dir, { name, issuer, extensions: leafOf(idIn(of)) });
    const federated = [bundleOf('b.example', 'b', 'own-by-b', 'c-by-b'), bundleOf('c.example', 'c')];
    bundles = {
      own: bundleOf('cluster.local', 'own'),
      intermediates: [],
      federated: new Map(federated.map((each) => [each.trustDomain, each])),
    };
  });
  after(() => dir[Symbol.asyncDispose]());
  const shown = (name: string): string => encodeURIComponent(readFileSync(dir.at(`${name}.pem`), 'utf8'));

  const verdicts: readonly { name: string; of: string; want: string }[] = [
    { name: 'own-leaf', of: 'cluster.local', want: 'no_policy_applies' },
    { name: 'b-leaf', of: 'b.example', want: 'no_policy_applies' },
    { name: 'ours-by-b', of: 'cluster.local', want: 'peer_not_verified' },
    { name: 'alias-by-b', of: 'old.local', want: 'peer_not_verified' },
    { name: 'c-by-b-leaf', of: 'c.example', want: 'peer_not_verified' },
    { name: 'b-by-own', of: 'b.example', want: 'no_policy_applies' }, // B's own bundle holds that key of ours
    { name: 'c-by-own', of: 'c.example', want: 'peer_not_verified' },
    { name: 'unknown-by-b', of: 'd.example', want: 'peer_not_verified' },
  ];
  for (const { name, of, want } of verdicts)
    it(`answers ${want} to ${name}, by the bundle of its own trust domain alone`, () => {
      const { ask } = asker([], { bundles, verifyPeer: 'enforce', aliases: ['old.local'] });
      assert.equal(ask({ principal: idIn(of), certificate: shown(name) }).reason, want);
    });

  it('verifies nobody of a trust domain whose bundle has nothing left', () => {
    const empty = { ...bundleOf('b.example'), x509Authorities: [] };
    const { ask } = asker([], {
      ...{ verifyPeer: 'enforce', bundles: { ...bundles, federated: new Map([[empty.trustDomain, empty]]) } },
    });
    assert.equal(ask({ principal: idIn('b.example'), certificate: shown('b-leaf') }).reason, 'peer_not_verified');
  });

  const open = [allow(source({ namespaces: ['foo'] }))];
  const said = [allow(source({ namespaces: ['foo'], trustDomains: ['cluster.local'] }))];
  const asked = { ours: { principal: idIn('cluster.local') }, theirs: { principal: idIn('b.example') } } as const;
  const cases: readonly {
    name: string;
    run: () => readonly [ours: string, theirs: string];
    want: readonly [string, string];
  }[] = [
    {
      name: 'namespaces of any trust domain are ours alone while others are let in',
      run: () => both(asker(open, { bundles })),
      want: ['rule_allowed', 'foreign_trust_domain'],
    },
    {
      name: 'no DENY by namespace is evaded from over there',
      run: () => both(asker([deny(source({ notNamespaces: ['bar'] }))], { bundles })),
      want: ['rule_denied', 'foreign_trust_domain'],
    },
    {
      name: 'with acceptForeignNamespaces they are meant',
      run: () => both(asker(open, { bundles, acceptForeignNamespaces: true })),
      want: ['rule_allowed', 'rule_allowed'],
    },
    {
      name: 'while nobody else is let in nothing changes',
      run: () => both(asker(open, { bundles: { ...bundles, federated: new Map() } })),
      want: ['rule_allowed', 'rule_allowed'],
    },
    {
      name: 'a policy that says which trust domain it means keeps its meaning',
      run: () => both(asker(said, { bundles })),
      want: ['rule_allowed', 'no_rule_allowed'],
    },
  ];
  const both = ({ ask }: ReturnType<typeof asker>): readonly [string, string] => [
    ask(asked.ours).reason,
    ask(asked.theirs).reason,
  ];
  for (const { name, run, want } of cases) it(name, () => assert.deepEqual(run(), want));
});
