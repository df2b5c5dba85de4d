import assert from 'node:assert/strict';
import { examineConnectionGate } from '../../../../src/cli/doctor/native-connections.ts';
import { askUnlessFound, nativeTcpFilters } from '../../../../src/cli/envoy/native.ts';

/** A configuration that a test spoils: JSON of which it knows the shape. */
// biome-ignore lint/suspicious/noExplicitAny: a test reaches deep into Envoy's configuration, whose types we do not have
type Loose = any; // oxlint-disable-line typescript/no-explicit-any

const rbac = (prefix: string): Loose => ({
  name: 'other',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC',
    ...{ stat_prefix: 'other', shadow_rules: {}, shadow_rules_stat_prefix: prefix },
  },
});

interface Case {
  readonly name: string;
  readonly spoil: (filters: Loose[], condition: Loose) => void;
  readonly want: readonly string[];
}

const cases: readonly Case[] = [
  { name: 'our own', spoil: () => undefined, want: [] },
  { name: 'one beside an RBAC filter of somebody else', spoil: (all) => void all.unshift(rbac('x_')), want: [] },
  {
    name: 'a condition that is not inverted',
    spoil: (_, condition) => void delete condition.invert,
    want: ['fail-open native_not_inverted'],
  },
  {
    name: 'a condition of what is handed over',
    spoil: (_, condition) => {
      condition.value.string_match.prefix = 'ask:';
    },
    want: ['fail-open native_not_inverted'],
  },
  {
    name: 'a key that all filters share',
    spoil: (_, condition) => {
      condition.path = [{ key: 'shadow_effective_policy_id' }];
    },
    want: ['fail-open native_key_shared'],
  },
  {
    name: 'metadata of anybody',
    spoil: (_, condition) => {
      condition.filter = 'com.example';
    },
    want: ['fail-open switched_by_metadata'],
  },
  {
    name: 'another filter of that prefix',
    spoil: (all) => void all.push(rbac('gh_')),
    want: ['fail-open native_overwritten'],
  },
  { name: 'no revocations', spoil: (all) => void all.pop(), want: ['fail-open native_revocations_missing'] },
  {
    name: 'revocations before the policy',
    spoil: (all) => void all.push(...all.splice(1, 1)),
    want: ['fail-open native_revocations_missing'],
  },
  {
    name: 'a default that decides',
    spoil: (all) => {
      all[1].config_discovery.default_config.shadow_matcher.on_no_match.action.typed_config.name = 'n:open';
    },
    want: ['fail-open native_default_decides'],
  },
  {
    name: 'a default without a shadow',
    spoil: (all) => void delete all[2].config_discovery.default_config.shadow_matcher,
    want: ['fail-open native_default_decides'],
  },
  {
    name: 'no default',
    spoil: (all) => void delete all[1].config_discovery.default_config,
    want: ['fragile native_no_default'],
  },
  { name: 'no policy', spoil: (all) => void all.splice(1, 1), want: ['fragile native_asks_always'] },
  { name: 'no facts', spoil: (all) => void all.shift(), want: ['fragile native_asks_always'] },
  {
    name: 'a serial number of nobody',
    spoil: (all) => void delete all[0].typed_config.on_downstream_tls_handshake,
    want: ['fragile native_asks_always'],
  },
];

describe('examineConnectionGate', () => {
  for (const { name, spoil, want } of cases)
    it(`says of ${name}: ${want.join() || 'nothing'}`, () => {
      const filters: Loose[] = JSON.parse(JSON.stringify(nativeTcpFilters())); // nothing in it is shared
      const extAuthz: Loose = structuredClone(askUnlessFound);
      spoil(filters, extAuthz.filter_enabled_metadata);
      const found = examineConnectionGate(extAuthz, filters, 'c');
      assert.deepEqual(
        found.map(({ kind, code }) => `${kind} ${code}`),
        want,
      );
    });

  it('says nothing of a filter that nothing switches', () => {
    assert.deepEqual(examineConnectionGate({}, [], 'c'), []);
  });
});
