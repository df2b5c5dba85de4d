/**
 * A filter that is only there for requests that no policy in Envoy has decided.
 *
 * A filter that is switched off by its own condition is made for each request all the same, with its client and its counters; that costs
 * more than to look whether it is wanted. What is left out is what was decided: whatever else there is, and nothing at all, asks.
 * @module
 */
import { DECIDED, decidedKey, POLICY_PREFIX, RBAC_METADATA } from '../../../authz/native/names.ts';
import type { JsonObject } from '../json.ts';
import { askUnlessDecided } from '../native.ts';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';

/** The filter under its own name, by which routes give it settings and logs find what it was told. */
export function unlessDecided({ name, typed_config }: { readonly name: string; readonly typed_config: JsonObject }) {
  const asking = { name, typed_config: { ...typed_config, ...askUnlessDecided } };
  return {
    name,
    typed_config: {
      '@type': `${EXTENSIONS}.common.matching.v3.ExtensionWithMatcher`,
      extension_config: {
        name: 'envoy.filters.http.composite',
        typed_config: { '@type': `${EXTENSIONS}.filters.http.composite.v3.Composite` },
      },
      xds_matcher: {
        matcher_list: { matchers: [{ predicate: { single_predicate: isDecided }, on_match: { action: leaveOut } }] },
        on_no_match: {
          action: {
            name: 'ask',
            typed_config: {
              '@type': `${EXTENSIONS}.filters.http.composite.v3.ExecuteFilterAction`,
              typed_config: asking,
            },
          },
        },
      },
    },
  } satisfies JsonObject;
}

const isDecided: JsonObject = {
  input: {
    name: 'decided',
    typed_config: {
      '@type': `${EXTENSIONS}.matching.common_inputs.network.v3.DynamicMetadataInput`,
      filter: RBAC_METADATA,
      path: [{ key: decidedKey(POLICY_PREFIX) }],
    },
  },
  custom_match: {
    name: 'decided',
    typed_config: {
      '@type': `${EXTENSIONS}.matching.input_matchers.metadata.v3.Metadata`,
      value: { string_match: { prefix: DECIDED } },
    },
  },
};

const leaveOut: JsonObject = {
  name: 'skip',
  typed_config: { '@type': `${EXTENSIONS}.filters.common.matcher.action.v3.SkipFilter` },
};
