/**
 * Examines the filters by which an Envoy decides TCP connections itself: what of their shape lets connections pass that nobody has allowed.
 * @module
 */
import {
  ASK,
  DECIDED,
  foundKey,
  NETWORK_RBAC_METADATA,
  POLICY_PREFIX,
  resourceNames,
  stateKeys,
} from '../../authz/native/names.ts';
import { typedConfig } from './config-dump.ts';
import { type DoctorFinding, finding } from './finding.ts';
import { at, isTrueAt, type JsonObject, objectAt, objectsAt, textAt } from './json.ts';

const KEY = foundKey(POLICY_PREFIX);
const FIX = '# gatehouse envoy bootstrap --native --protocol tcp prints all filters';

/**
 * What switches a filter off that asks about connections. Nothing but what a policy in Envoy has decided may.
 *
 * @param before  the filters of the chain before it
 */
export function examineConnectionGate(
  extAuthz: JsonObject,
  before: readonly JsonObject[],
  chain: string,
): readonly DoctorFinding[] {
  const condition = objectAt(extAuthz, 'filter_enabled_metadata');
  if (condition === undefined) return [];
  const where = `${chain}.filters[${before.length}]`;
  if (textAt(condition, 'filter') !== NETWORK_RBAC_METADATA) {
    const message = 'connections without certain metadata pass unasked';
    return [finding('fail-open', 'switched_by_metadata', where, message, '# remove filter_enabled_metadata')];
  }
  return [...examineCondition(condition, where), ...examineOrder(before, chain), ...examineFilters(before, chain)];
}

function* examineCondition(condition: JsonObject, where: string): Iterable<DoctorFinding> {
  if (!isTrueAt(condition, 'invert') || textAt(condition, 'value', 'string_match', 'prefix') !== DECIDED) {
    const message = 'a connection that no policy in Envoy has looked at passes unasked';
    const fix = `filter_enabled_metadata: { …, value: { string_match: { prefix: "${DECIDED}" } }, invert: true }`;
    yield finding('fail-open', 'native_not_inverted', where, message, fix);
  }
  const key = objectsAt(condition, 'path')
    .map((each) => textAt(each, 'key'))
    .join('.');
  if (key === KEY) return;
  const message = `every RBAC filter writes to ${key || 'that key'}, and the last one says whether to ask`;
  yield finding('fail-open', 'native_key_shared', where, message, `path: [{ key: ${KEY} }]`);
}

/** The policy, then revocations, whose word stands over the policy's. */
function* examineOrder(before: readonly JsonObject[], chain: string): Iterable<DoctorFinding> {
  const place = (name: string): number => before.findIndex((each) => textAt(each, 'name') === name);
  const [policy, revocations] = [place(resourceNames.network), place(resourceNames.networkRevocations)];
  const where = `${chain}.filters`;
  if (policy >= 0 && revocations < policy) {
    const message = `${resourceNames.networkRevocations} does not stand after ${resourceNames.network}: who was revoked by a serial number or a key passes by the policy alone`;
    yield finding('fail-open', 'native_revocations_missing', where, message, FIX);
  }
  const facts = before.findIndex((each) => {
    const { value } = typedConfig(each);
    const fills = (event: string, key: string): boolean =>
      objectsAt(value, event).some((every) => textAt(every, 'object_key') === key);
    return fills('on_new_connection', stateKeys.transport) && fills('on_downstream_tls_handshake', stateKeys.serial);
  });
  if (policy >= 0 && facts >= 0 && facts < policy) return;
  const message = `${resourceNames.network} or the filter state that it reads is missing or in another order: everything is asked about`;
  yield finding('fragile', 'native_asks_always', where, message, FIX);
}

/** Only what is delivered may say that it has decided. */
function* examineFilters(before: readonly JsonObject[], chain: string): Iterable<DoctorFinding> {
  const ours: readonly string[] = [resourceNames.network, resourceNames.networkRevocations];
  for (const [index, filter] of before.entries()) {
    const here = `${chain}.filters[${index}]`;
    const isOurs = ours.includes(textAt(filter, 'name')) && at(filter, 'config_discovery') !== undefined;
    const byDefault = objectAt(filter, 'config_discovery', 'default_config');
    const written = textAt(byDefault ?? typedConfig(filter).value, 'shadow_rules_stat_prefix');
    if (isOurs && byDefault === undefined) {
      const message = 'every connection is closed until a policy has come';
      yield finding('fragile', 'native_no_default', here, message, FIX);
    } else if (isOurs && (written !== POLICY_PREFIX || !asksAlways(byDefault))) {
      const message = 'until a policy has come its default decides, and not everything is asked about';
      yield finding('fail-open', 'native_default_decides', here, message, FIX);
    } else if (!isOurs && written === POLICY_PREFIX) {
      const message = `it writes to ${KEY} too, so that what the policy hands over may pass unasked`;
      const fix = `# no shadow_rules_stat_prefix: ${POLICY_PREFIX}`;
      yield finding('fail-open', 'native_overwritten', here, message, fix);
    }
  }
}

function asksAlways(config: JsonObject | undefined): boolean {
  const shadow = objectAt(config, 'shadow_matcher');
  const name = textAt(shadow, 'on_no_match', 'action', 'typed_config', 'name');
  const others = [at(shadow, 'matcher_list'), at(shadow, 'matcher_tree'), at(config, 'shadow_rules')];
  return name.startsWith(ASK) && others.every((each) => each === undefined);
}
