import assert from 'node:assert/strict';
import { examineNative, isNative } from '../../../../src/cli/doctor/native.ts';
import { askUnlessDecided, connectionFacts, nativeFilters } from '../../../../src/cli/envoy/native.ts';
import { filtersBeforeConnections, formerNativeFilters } from '../../../support/former-native-filters.ts';

/** A configuration that a test spoils: JSON of which it knows the shape. */
// biome-ignore lint/suspicious/noExplicitAny: a test reaches deep into Envoy's configuration, whose types we do not have
type Loose = any; // oxlint-disable-line typescript/no-explicit-any

const extAuthz = (): Loose => ({
  name: 'envoy.filters.http.ext_authz',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
    ...askUnlessDecided,
  },
});

const rbac = (name: string, prefix: string): Loose => ({
  name,
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
    rules_stat_prefix: prefix,
    rules: {},
  },
});

const named = (filters: Loose[], name: string): Loose => filters.find((each) => each.name === name);
const drop = (filters: Loose[], name: string): void => void filters.splice(filters.indexOf(named(filters, name)), 1);

const notRevoked: Loose = {
  name: 'other',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
    on_request_headers: [
      {
        ...{ object_key: 'gh.revocation', factory_key: 'envoy.string' },
        format_string: { text_format_source: { inline_string: 'n:not-revoked' } },
      },
    ],
  },
};

interface Case {
  readonly name: string;
  /** `network`: the filters before the connection manager. */
  readonly spoil: (filters: Loose[], network: Loose[]) => void;
  readonly want: string[];
}

/** A network filter that fills in one key. */
const says = (event: string, key: string, inline_string: string): Loose => ({
  name: 'other',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.set_filter_state.v3.Config',
    [event]: [
      { object_key: key, factory_key: 'envoy.string', format_string: { text_format_source: { inline_string } } },
    ],
  },
});

const cases: readonly Case[] = [
  { name: 'our own', spoil: () => undefined, want: [] },
  {
    name: 'one beside an RBAC filter of somebody else',
    spoil: (all) => void all.splice(3, 0, rbac('other', '')),
    want: [],
  },
  {
    name: 'one that asks where the policy says so, and not where it says nothing',
    spoil: (all) => {
      const condition = all.at(-1).typed_config.filter_enabled_metadata;
      condition.value.string_match.prefix = 'ask:';
      delete condition.invert;
    },
    want: ['fail-open native_not_inverted'],
  },
  {
    name: 'one that asks only what was decided',
    spoil: (all) => void delete all.at(-1).typed_config.filter_enabled_metadata.invert,
    want: ['fail-open native_not_inverted'],
  },
  {
    name: 'one that asks about everything but what is handed over',
    spoil: (all) => {
      all.at(-1).typed_config.filter_enabled_metadata.value.string_match.prefix = 'ask:';
    },
    want: ['fail-open native_not_inverted'],
  },
  {
    name: 'a key that all filters share',
    spoil: (all) => {
      all.at(-1).typed_config.filter_enabled_metadata.path = [{ key: 'enforced_effective_policy_id' }];
    },
    want: ['fail-open native_key_shared'],
  },
  {
    name: 'another filter of that prefix after the policy',
    spoil: (all) => void all.splice(-1, 0, rbac('other', 'gh_')),
    want: ['fail-open native_overwritten'],
  },
  {
    name: 'a default that allows',
    spoil: (all) => {
      const matcher = named(all, 'gatehouse.policy').config_discovery.default_config.matcher;
      matcher.on_no_match.action.typed_config.name = 'n:open';
    },
    want: ['fail-open native_default_decides'],
  },
  {
    name: 'a default with rules beside',
    spoil: (all) => {
      named(all, 'gatehouse.policy').config_discovery.default_config.rules = {};
    },
    want: ['fail-open native_default_decides'],
  },
  {
    name: 'no default',
    spoil: (all) => void delete named(all, 'gatehouse.policy').config_discovery.default_config,
    want: ['fragile native_no_default'],
  },
  {
    name: 'a policy that takes a tree alone',
    spoil: (all) => void named(all, 'gatehouse.policy').config_discovery.type_urls.splice(1),
    want: ['fragile native_no_tokens'],
  },
  {
    name: 'no facts',
    spoil: (all) => drop(all, 'gatehouse.request'),
    want: ['fragile native_asks_always'],
  },
  {
    name: 'facts after the policy',
    spoil: (all) => void all.splice(-1, 0, ...all.splice(0, 1)),
    want: ['fragile native_asks_always'],
  },
  {
    name: 'facts that are not delivered',
    spoil: (all) => void delete named(all, 'gatehouse.request').config_discovery,
    want: ['fragile native_asks_always'],
  },
  {
    name: 'facts whose default takes nobody for revoked',
    spoil: (all) => {
      Object.assign(named(all, 'gatehouse.request').config_discovery.default_config, {
        on_request_headers: notRevoked.typed_config.on_request_headers,
      });
    },
    want: ['fail-open native_revocations_assumed'],
  },
  {
    name: 'a filter that takes nobody for revoked',
    spoil: (all) => void all.splice(1, 0, notRevoked),
    want: ['fail-open native_revocations_assumed'],
  },
  {
    name: 'no serial number of the connection',
    spoil: (_, network) => void network.splice(0),
    want: ['fragile native_asks_always'],
  },
  {
    name: 'a connection that is said to be of nobody revoked',
    spoil: (_, network) => void network.push(says('on_new_connection', 'gh.revocation', 'n:not-revoked')),
    want: ['fail-open native_revocations_assumed'],
  },
  {
    name: 'callers who are all said to show no certificate',
    spoil: (_, network) => {
      delete network[0].typed_config.on_downstream_tls_handshake;
    },
    want: ['fragile native_asks_always', 'fail-open native_fact_other'],
  },
  {
    name: 'callers who are said to show none when they have',
    spoil: (_, network) => void network.push(says('on_downstream_tls_handshake', 'gh.serial', '-')),
    want: ['fail-open native_fact_other'],
  },
  {
    name: 'a path that the caller writes himself',
    spoil: (all) => void all.splice(1, 0, says('on_request_headers', 'gh.path', '%REQ(x-path)%')),
    want: ['fail-open native_fact_other'],
  },
  {
    name: 'revocations of which a header says what they came to',
    spoil: (all) => void all.splice(1, 0, says('on_request_headers', 'gh.revocation', '%REQ(x-revocation)%')),
    want: ['fail-open native_fact_other'],
  },
  {
    name: 'no policy',
    spoil: (all) => drop(all, 'gatehouse.policy'),
    want: ['fragile native_asks_always'],
  },
];

describe('examineNative', () => {
  for (const { name, spoil, want } of cases) {
    it(`says of ${name}: ${want.join() || 'nothing'}`, () => {
      const filters: Loose[] = structuredClone([...nativeFilters(), extAuthz()]);
      const network: Loose[] = [structuredClone(connectionFacts)];
      spoil(filters, network);
      assert.ok(isNative(filters.at(-1).typed_config));
      const around = { filters: network, where: 'c', isQuic: false };
      const found = examineNative(filters, filters.length - 1, undefined, { where: 'm', around });
      assert.deepEqual(
        found.map(({ kind, code }) => `${kind} ${code}`),
        want,
      );
    });
  }

  const nowhere = { where: 'm', around: { filters: [], where: 'c', isQuic: false } };
  const former: typeof cases = [
    { name: 'what was printed before', spoil: () => undefined, want: [] },
    {
      name: 'that without the filter of revocations',
      spoil: (all) => drop(all, 'gatehouse.revocations'),
      want: ['fragile native_asks_always'],
    },
    {
      name: 'that with revocations after the policy',
      spoil: (all) => void all.splice(-1, 0, ...all.splice(1, 1)),
      want: ['fragile native_asks_always'],
    },
  ];
  for (const { name, spoil, want } of former) {
    it(`says of ${name}: ${want.join() || 'nothing'}`, () => {
      const filters: Loose[] = [...formerNativeFilters(), extAuthz()];
      spoil(filters, []);
      const found = examineNative(filters, filters.length - 1, undefined, nowhere);
      assert.deepEqual(
        found.map(({ kind, code }) => `${kind} ${code}`),
        want,
      );
    });
  }

  it('says nothing of what was printed when all was filled in with each request', () => {
    const filters: Loose[] = [...filtersBeforeConnections(), extAuthz()];
    assert.deepEqual(examineNative(filters, filters.length - 1, undefined, nowhere), []);
  });

  it('says of a listener of QUIC that requests may come before the certificate', () => {
    const filters: Loose[] = [...nativeFilters(), extAuthz()];
    const around = { filters: [connectionFacts], where: 'c', isQuic: true };
    const [found, ...others] = examineNative(filters, filters.length - 1, undefined, { where: 'm', around });
    assert.deepEqual([found?.kind, found?.code, found?.where], ['fail-open', 'native_quic', 'c.filters[0]']);
    assert.deepEqual(others, []);
  });

  it('says of routes that are found without path parameters that policies judge them', () => {
    const filters: Loose[] = [...nativeFilters(), extAuthz()];
    const around = { filters: [connectionFacts], where: 'c', isQuic: false };
    const routes = { ignore_path_parameters_in_path_matching: true };
    const found = examineNative(filters, filters.length - 1, routes, { where: 'm', around });
    assert.deepEqual(
      found.map(({ code }) => code),
      ['path_parameters'],
    );
  });
});

describe('isNative', () => {
  it('takes Istio’s condition of a CUSTOM policy for what it is', () => {
    const path = [{ key: 'istio-ext-authz-gatehouse-shadow_effective_policy_id' }];
    const value = { string_match: { prefix: 'istio-ext-authz-gatehouse' } };
    assert.equal(isNative({ filter_enabled_metadata: { filter: 'envoy.filters.http.rbac', path, value } }), false);
    assert.equal(isNative({}), false);
  });
});
