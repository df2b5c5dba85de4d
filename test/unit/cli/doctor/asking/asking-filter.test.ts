import assert from 'node:assert/strict';
import { askingConfig, examineMatcher } from '../../../../../src/cli/doctor/asking/asking-filter.ts';
import { examineRefusedConnections } from '../../../../../src/cli/doctor/asking/refused-connections.ts';
import { isNative } from '../../../../../src/cli/doctor/native.ts';
import { examineRoutes } from '../../../../../src/cli/doctor/routes.ts';
import { unlessDecided } from '../../../../../src/cli/envoy/filters/asking-gate.ts';
import { grpcExtAuthz } from '../../../../../src/cli/envoy/filters/ext-authz.ts';
import { endRefusedConnections } from '../../../../../src/cli/envoy/filters/refused-connection.ts';

/** A configuration that a test spoils: JSON of which it knows the shape. */
// biome-ignore lint/suspicious/noExplicitAny: a test reaches deep into Envoy's configuration, whose types we do not have
type Loose = any; // oxlint-disable-line typescript/no-explicit-any

const own = (): Loose => structuredClone(grpcExtAuthz({ native: true, timeoutMs: 1_000 }));
const matcherOf = (filter: Loose): Loose => filter.typed_config.xds_matcher;
const testOf = (filter: Loose): Loose => matcherOf(filter).matcher_list.matchers[0].predicate.single_predicate;
const header = { input: { name: 'h', typed_config: { '@type': 'type.googleapis.com/x.HttpRequestHeaderMatchInput' } } };

const cases: readonly { readonly name: string; readonly spoil: (filter: Loose) => void; readonly want: string[] }[] = [
  { name: 'our own', spoil: () => undefined, want: [] },
  {
    name: 'one that does nothing about what it does not know',
    spoil: (filter) => void delete matcherOf(filter).on_no_match,
    want: ['native_not_inverted'],
  },
  {
    name: 'one that leaves out what it does not know',
    spoil: (filter) => {
      matcherOf(filter).on_no_match.action.typed_config = {
        '@type': 'type.googleapis.com/envoy.extensions.filters.common.matcher.action.v3.SkipFilter',
      };
    },
    want: ['native_not_inverted'],
  },
  {
    name: 'one that asks about some',
    spoil: (filter) => {
      matcherOf(filter).on_no_match.action.typed_config.sample_percent = { default_value: { numerator: 50 } };
    },
    want: ['native_not_inverted'],
  },
  {
    name: 'one that looks at a key that all filters share',
    spoil: (filter) => {
      testOf(filter).input.typed_config.path = [{ key: 'enforced_effective_policy_id' }];
    },
    want: ['native_matcher_wide'],
  },
  {
    name: 'one that looks at the metadata of another filter',
    spoil: (filter) => {
      testOf(filter).input.typed_config.filter = 'envoy.filters.http.jwt_authn';
    },
    want: ['native_matcher_wide'],
  },
  {
    name: 'one that leaves out what is to be asked',
    spoil: (filter) => {
      testOf(filter).custom_match.typed_config.value.string_match.prefix = 'ask:';
    },
    want: ['native_matcher_wide'],
  },
  {
    name: 'one that leaves out what was not decided',
    spoil: (filter) => {
      testOf(filter).custom_match.typed_config.invert = true;
    },
    want: ['native_matcher_wide'],
  },
  {
    name: 'one that leaves out the contrary',
    spoil: (filter) => {
      const item = matcherOf(filter).matcher_list.matchers[0];
      item.predicate = { not_matcher: item.predicate };
    },
    want: ['native_matcher_wide'],
  },
  {
    name: 'one that leaves out more',
    spoil: (filter) => void matcherOf(filter).matcher_list.matchers.push({ predicate: { single_predicate: header } }),
    want: ['native_matcher_wide'],
  },
  {
    name: 'one that leaves out by a map',
    spoil: (filter) => {
      matcherOf(filter).matcher_tree = { ...header, exact_match_map: { map: {} } };
      delete matcherOf(filter).matcher_list;
    },
    want: ['native_matcher_wide'],
  },
  {
    name: 'a matcher around the filter itself',
    spoil: (filter) => {
      filter.typed_config.extension_config = matcherOf(filter).on_no_match.action.typed_config.typed_config;
    },
    want: ['asked_by_matcher'],
  },
];

describe('examineMatcher', () => {
  for (const { name, spoil, want } of cases) {
    it(`says of ${name}: ${want.join() || 'nothing'}`, () => {
      const filter = own();
      spoil(filter);
      const found = examineMatcher(filter, 'here');
      assert.deepEqual(
        found.map(({ code }) => code),
        want,
      );
      assert.ok(found.every(({ kind }) => kind === 'fail-open'));
    });
  }
});

describe('askingConfig', () => {
  it('finds what asks behind the matcher, and none where nothing does', () => {
    assert.equal(askingConfig(own())?.['failure_mode_allow'], false);
    assert.ok(isNative(askingConfig(own())!));
    const plain = grpcExtAuthz({ native: false, timeoutMs: 1_000 });
    assert.equal(askingConfig(plain), plain['typed_config']);
    const router = {
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
    };
    assert.equal(askingConfig(router), undefined);
  });
});

describe('examineRoutes', () => {
  it('names a route that has a matcher of its own for the filter that asks', () => {
    const type = 'type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcherPerRoute';
    const routes = { name: 'r', typed_per_filter_config: { asking: { '@type': type }, other: { '@type': type } } };
    const found = examineRoutes(routes, 'asking', 'here').map(({ kind, code }) => `${kind} ${code}`);
    assert.deepEqual(found, ['fail-open route_skips_check']);
  });
});

describe('examineRefusedConnections', () => {
  it('looks behind the matcher for how it asks', () => {
    const asking = unlessDecided({
      name: 'asking',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
        http_service: { path_prefix: '/check/envoy/' },
      },
    });
    const found = examineRefusedConnections([endRefusedConnections, asking], 1, 'here').map(({ code }) => code);
    assert.deepEqual(found, ['refused_connections_kept']);
    assert.deepEqual(examineRefusedConnections([endRefusedConnections, own()], 1, 'here'), []);
  });
});
