import assert from 'node:assert/strict';
import type { BundleRow } from '../../../../../src/admin-api/bundles.ts';
import { examineBundles } from '../../../../../src/cli/doctor/server/bundles.ts';

const at = '2026-11-30T08:00:00Z';
const fresh = {
  ...{
    url: 'https://bundle.other.example/',
    profile: 'https_web' as const,
    endpointSpiffeId: null,
    fetchedAt: at,
    nextAt: at,
  },
  ...{ failure: null, keptOut: null, isStale: false },
};
const row = (differs: Partial<BundleRow>): BundleRow => ({
  ...{ trustDomain: 'other.example', from: 'endpoint', isInForce: true, sequence: '7', refreshHintSeconds: 300 },
  ...{ x509Authorities: 1, jwtAuthorities: 1, changedAt: at, entries: 1, endpoint: fresh },
  ...differs,
});

describe('examineBundles', () => {
  const rows: readonly { name: string; given: BundleRow; code?: string; says?: RegExp }[] = [
    { name: 'our own', given: row({ from: 'own', endpoint: null }) },
    { name: 'one that was set by hand', given: row({ from: 'operator', endpoint: null }) },
    { name: 'a fresh one', given: row({}) },
    { name: 'a failure that is not yet stale', given: row({ endpoint: { ...fresh, failure: 'HTTP 503' } }) },
    {
      name: 'a stale one',
      given: row({ endpoint: { ...fresh, failure: 'HTTP 503', isStale: true } }),
      code: 'federation_stale',
      says: /2026-11-30T08:00:00Z is stale: HTTP 503/,
    },
    {
      name: 'a lower sequence',
      given: row({ endpoint: { ...fresh, keptOut: '3', isStale: true } }),
      code: 'federation_kept_out',
      says: /lower sequence 3/,
    },
    {
      name: 'none yet',
      given: row({ from: 'none', sequence: null, changedAt: null, endpoint: { ...fresh, fetchedAt: null } }),
      code: 'federation_missing',
      says: /was not fetched yet/,
    },
  ];
  for (const { name, given, code, says } of rows)
    it(`${code ?? 'says nothing'} of ${name}`, () => {
      const found = examineBundles([given]);
      assert.deepEqual(
        found.map((each) => [each.code, each.severity, each.where]),
        code === undefined ? [] : [[code, 'warning', 'federation.trustDomains.other.example']],
      );
      if (says) assert.match(found[0]!.message, says);
    });
});
