/**
 * Finds the filter that asks Gatehouse, by itself or behind a matcher that leaves it out where a policy in Envoy has decided.
 * @module
 */
import { DECIDED, decidedKey, POLICY_PREFIX, RBAC_METADATA } from '../../../authz/native/names.ts';
import { typedConfig } from '../config-dump.ts';
import { type DoctorFinding, finding } from '../finding.ts';
import { at, type JsonObject, objectAt, objectsAt, textAt } from '../json.ts';

const FIX = '# gatehouse envoy bootstrap --native prints the matcher';

/** The configuration of ext_authz that a filter of HTTP is, or may become; undefined: it never asks. */
export function askingConfig(filter: JsonObject): JsonObject | undefined {
  const { type, value } = typedConfig(filter);
  if (type === 'ExtAuthz') return value;
  return type === 'ExtensionWithMatcher' ? [...executed(value)][0] : undefined;
}

/** Each ext_authz somewhere in the matcher, and one that the matcher is around. */
function* executed(withMatcher: JsonObject): Iterable<JsonObject> {
  const inner = typedConfig(objectAt(withMatcher, 'extension_config'));
  if (inner.type === 'ExtAuthz') yield inner.value;
  yield* extAuthzIn(at(withMatcher, 'xds_matcher') ?? at(withMatcher, 'matcher'));
}

function* extAuthzIn(json: unknown): Iterable<JsonObject> {
  if (typeof json !== 'object' || json === null) return;
  for (const [key, value] of Object.entries(json as JsonObject)) {
    const { type, value: config } = typedConfig({ [key]: value }, key);
    if (type === 'ExtAuthz') yield config;
    else yield* extAuthzIn(value);
  }
}

/** A matcher may leave out what a policy has decided, and that alone. @param filter  one that asks */
export function examineMatcher(filter: JsonObject, where: string): readonly DoctorFinding[] {
  const { type, value } = typedConfig(filter);
  if (type !== 'ExtensionWithMatcher') return [];
  const matcher = objectAt(value, 'xds_matcher');
  const inner = typedConfig(objectAt(value, 'extension_config'));
  if (inner.type !== 'Composite') {
    const message = 'a matcher says which requests are asked about, and what it does not know of passes unasked';
    return [finding('fail-open', 'asked_by_matcher', where, message, FIX)];
  }
  const asks = typedConfig(objectAt(matcher, 'on_no_match', 'action'));
  const asked = typedConfig(objectAt(asks.value, 'typed_config'));
  if (
    asks.type !== 'ExecuteFilterAction' ||
    asked.type !== 'ExtAuthz' ||
    at(asks.value, 'sample_percent') !== undefined
  ) {
    const message = 'a request of which the matcher knows nothing passes unasked';
    return [finding('fail-open', 'native_not_inverted', where, message, FIX)];
  }
  const others = objectsAt(matcher, 'matcher_list', 'matchers');
  if (at(matcher, 'matcher_tree') === undefined && others.length === 1 && isOfDecided(others[0]!)) return [];
  const message = 'the matcher leaves out more than what a policy in Envoy has decided, which passes unasked';
  return [finding('fail-open', 'native_matcher_wide', where, message, FIX)];
}

/** Whether one item of a matcher leaves out exactly what was decided. */
function isOfDecided(item: JsonObject): boolean {
  const test = objectAt(item, 'predicate', 'single_predicate');
  const input = typedConfig(objectAt(test, 'input'));
  const match = typedConfig(objectAt(test, 'custom_match'));
  const keys = objectsAt(input.value, 'path').map((each) => textAt(each, 'key'));
  const { value } = match;
  return (
    input.type === 'DynamicMetadataInput' &&
    textAt(input.value, 'filter') === RBAC_METADATA &&
    keys.join('.') === decidedKey(POLICY_PREFIX) &&
    match.type === 'Metadata' &&
    textAt(value, 'value', 'string_match', 'prefix') === DECIDED &&
    at(value, 'invert') !== true
  );
}
