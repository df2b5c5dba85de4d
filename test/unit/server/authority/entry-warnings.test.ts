import assert from 'node:assert/strict';
import type { Entry } from '../../../../src/identity/registration/entry.ts';
import {
  entryWarnings,
  federationWarnings,
  unmatchedEntries,
} from '../../../../src/server/authority/entry-warnings.ts';
import type { Selector } from '../../../../src/spiffe/selector.ts';
import { parseSpiffeId } from '../../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';

const accounts = {
  userName: () => undefined,
  groupName: () => undefined,
  uidOf: (name: string) => (name === 'shop' ? 4242 : undefined),
  gidOf: (name: string) => (name === 'shops' ? 4242 : undefined),
};

function entry(...selectors: readonly Selector[]): Entry {
  return {
    spiffeId: parseSpiffeId('spiffe://cluster.local/ns/a/sa/b'),
    selectors,
    x509SvidTtlMs: 1,
    jwtSvidTtlMs: 1,
    dnsNames: [],
    hint: '',
    federatesWith: [],
    origin: 'gatehouse.yaml:7',
  };
}

describe('entryWarnings', () => {
  const rows: readonly { readonly selectors: readonly Selector[]; readonly want: readonly string[] }[] = [
    { selectors: ['unix:user:shop', 'unix:group:shops'], want: [] },
    { selectors: ['unix:user:shp'], want: ['entry_user_unknown'] },
    { selectors: ['unix:group:shp'], want: ['entry_group_unknown'] },
    { selectors: ['unix:group:shop'], want: ['entry_group_unknown'] },
    { selectors: ['unix:user:shp', 'unix:group:shp'], want: ['entry_user_unknown', 'entry_group_unknown'] },
    { selectors: ['unix:uid:31337', 'unix:gid:31337'], want: [] },
  ];
  for (const { selectors, want } of rows) {
    it(`says ${want.join(', ') || 'nothing'} of ${selectors.join(' ')}`, () => {
      const warnings = entryWarnings([entry(...selectors)], accounts);
      assert.deepEqual(
        warnings.map(({ code }) => code),
        want,
      );
      for (const { origin } of warnings) assert.equal(origin, 'gatehouse.yaml:7');
    });
  }
});

describe('unmatchedEntries', () => {
  it('names those that nobody can match', () => {
    assert.equal(unmatchedEntries([entry('unix:user:shop')], accounts), '');
    assert.equal(
      unmatchedEntries([entry('unix:user:shp'), entry('unix:user:shop')], accounts),
      'nobody gets spiffe://cluster.local/ns/a/sa/b of gatehouse.yaml:7: there is no user shp on this machine',
    );
    const many = Array.from({ length: 9 }, () => entry('unix:user:shp'));
    assert.match(unmatchedEntries(many, accounts), /^nobody gets .*; and 6 more$/);
  });
});

describe('federationWarnings', () => {
  it('names trust domains of which nobody will ever have a bundle', () => {
    const federatesWith = ['other.example', 'othr.example'].map(parseTrustDomain);
    const warnings = federationWarnings([{ ...entry('unix:uid:1'), federatesWith }], new Set(['other.example']));
    assert.deepEqual(
      warnings.map(({ code, origin }) => [code, origin]),
      [['entry_federation_unknown', 'gatehouse.yaml:7']],
    );
    assert.match(warnings[0]?.message ?? '', /federates with othr.example/);
  });
});
