import assert from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import {
  askingNetworkRevocationFilter,
  askingRevocationFilter,
  networkRevocationFilter,
  revocationFilter,
} from '../../../../src/authz/native/revocation-filter.ts';
import type { Revocations } from '../../../../src/authz/state.ts';
import { RBACSchema } from '../../../../src/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { RBACSchema as NetworkRbacSchema } from '../../../../src/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import { type Shown, walkMatcher } from '../../../support/walk-matcher.ts';

const a = 'spiffe://cluster.local/ns/default/sa/a';
const b = 'spiffe://cluster.local/ns/default/sa/b';

const revoked = (some: Partial<Record<'spiffeIds' | 'serials' | 'spkis', readonly string[]>> = {}): Revocations => ({
  sequence: 1,
  spiffeIds: new Set(some.spiffeIds),
  serials: new Set(some.serials),
  spkis: new Set(some.spkis),
});

/** A caller by TLS; of connections the chain says that it is one. */
const by = (uri: string, serial = '4d'): Shown => ({ uri, 'gh.serial': serial, 'gh.transport': 'tls' });
/** Without TLS Envoy gives up where a name is asked for. */
const plain: Shown = { uri: null, 'gh.serial': '-', 'gh.transport': 'plain' };

interface Row {
  readonly name: string;
  readonly revocations: Revocations | undefined;
  readonly shown: Shown;
  /** Of requests. */
  readonly want: string;
  /** What the shadow of connections says, over what the policy has found; absent: the same. */
  readonly found?: string;
}

const passes = { want: 'allow n:not-revoked', found: 'nothing' } as const;
const key = { spkis: ['ab'] } as const;

const rows: readonly Row[] = [
  { name: 'nothing is known', revocations: undefined, shown: by(a), want: 'allow ask:revocations-unknown' },
  {
    name: 'nothing is known, without TLS',
    revocations: undefined,
    shown: plain,
    want: 'allow ask:revocations-unknown',
  },
  { name: 'nobody is revoked', revocations: revoked(), shown: by(a), ...passes },
  { name: 'nobody is revoked, without TLS', revocations: revoked(), shown: plain, ...passes },
  { name: 'a revoked ID', revocations: revoked({ spiffeIds: [a] }), shown: by(a), want: 'deny n:revoked' },
  { name: 'another ID', revocations: revoked({ spiffeIds: [a] }), shown: by(b), ...passes },
  {
    name: 'an ID that begins like a revoked one',
    revocations: revoked({ spiffeIds: [a] }),
    shown: by(`${a}b`),
    ...passes,
  },
  {
    name: 'a revoked ID beside another',
    revocations: revoked({ spiffeIds: [a] }),
    shown: by(`${b},${a}`),
    want: 'allow ask:several-names',
  },
  {
    name: 'several names, and nobody is revoked',
    revocations: revoked(),
    shown: by(`${a},${b}`),
    want: 'allow ask:several-names',
  },
  {
    name: 'a revoked ID whose key is revoked too',
    revocations: revoked({ spiffeIds: [a], ...key }),
    shown: by(a),
    want: 'deny n:revoked',
  },
  {
    name: 'a revoked ID with a revoked serial number',
    revocations: revoked({ spiffeIds: [a], serials: ['4d'] }),
    shown: by(a),
    want: 'deny n:revoked',
  },
  {
    name: 'a revoked serial number',
    revocations: revoked({ serials: ['4d'] }),
    shown: by(a),
    want: 'allow ask:revoked-serial',
  },
  { name: 'another serial number', revocations: revoked({ serials: ['4d'] }), shown: by(a, '4e'), ...passes },
  {
    name: 'one with a leading zero, as Envoy writes it',
    revocations: revoked({ serials: ['a1b'] }),
    shown: by(a, '0a1b'),
    want: 'allow ask:revoked-serial',
  },
  {
    name: 'one with a leading zero, as it was revoked',
    revocations: revoked({ serials: ['0a1b'] }),
    shown: by(a, 'a1b'),
    want: 'allow ask:revoked-serial',
  },
  {
    name: 'a revoked key: everybody with a certificate asks',
    revocations: revoked(key),
    shown: by(b),
    want: 'allow ask:revoked-keys',
  },
  {
    name: 'a revoked key beside a serial number that is not meant',
    revocations: revoked({ serials: ['4d'], ...key }),
    shown: by(a, '4e'),
    want: 'allow ask:revoked-keys',
  },
  { name: 'a revoked key, without TLS', revocations: revoked(key), shown: plain, ...passes },
];

/** Where a filter before these is missing, or has found nothing yet. */
const unset: readonly Row[] = [
  {
    name: 'the serial number is not set',
    revocations: revoked(),
    shown: { uri: a, 'gh.transport': 'tls' },
    want: 'allow ask:serial-unknown',
  },
  { name: 'the serial number is not one', revocations: revoked(), shown: by(a, 'x'), want: 'allow ask:serial-unknown' },
  { name: 'the serial number is empty', revocations: revoked(), shown: by(a, ''), want: 'allow ask:serial-unknown' },
];

const http = (bytes: Uint8Array) => fromBinary(RBACSchema, bytes);
const network = (bytes: Uint8Array) => fromBinary(NetworkRbacSchema, bytes);

describe('the filter of revocations', () => {
  for (const { name, revocations, shown, want } of [...rows, ...unset])
    it(`comes to ${want}: ${name}`, () => {
      const { matcher, rulesStatPrefix } = http(revocationFilter(revocations));
      assert.equal(walkMatcher(matcher, shown), want);
      assert.equal(rulesStatPrefix, 'ghr_');
    });

  it('hands everything over where it is to', () => {
    const { matcher, rulesStatPrefix } = http(askingRevocationFilter('refused'));
    for (const shown of [by(a), plain, {}]) assert.equal(walkMatcher(matcher, shown), 'allow ask:refused');
    assert.equal(rulesStatPrefix, 'ghr_');
  });
});

describe('the filter of revocations, of connections', () => {
  for (const { name, revocations, shown, want, found = want } of [...rows, ...unset])
    it(`does ${want}, and tells ${found}: ${name}`, () => {
      const { matcher, shadowMatcher, shadowRulesStatPrefix } = network(networkRevocationFilter(revocations));
      assert.equal(walkMatcher(matcher, shown), want);
      assert.equal(walkMatcher(shadowMatcher, shown), found);
      assert.equal(shadowRulesStatPrefix, 'gh_', 'over what the policy has found');
    });

  it('asks where the chain does not say whether it is one of TLS', () => {
    const { matcher, shadowMatcher } = network(networkRevocationFilter(revoked({ spiffeIds: [a] })));
    for (const shown of [
      { uri: a, 'gh.serial': '4d' },
      { ...by(a), 'gh.transport': 'raw' },
    ])
      for (const each of [matcher, shadowMatcher])
        assert.equal(walkMatcher(each, shown), 'allow ask:transport-unknown');
  });

  it('hands everything over where it is to', () => {
    const { matcher, shadowMatcher } = network(askingNetworkRevocationFilter('refused'));
    for (const each of [matcher, shadowMatcher]) assert.equal(walkMatcher(each, by(a)), 'allow ask:refused');
  });
});
