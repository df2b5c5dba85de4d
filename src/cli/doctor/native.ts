/**
 * Examines the filters by which an Envoy decides itself: what of their shape lets requests pass that nobody has allowed.
 * @module
 */
import {
  ASK,
  DECIDED,
  decidedKey,
  FILTER_CHAIN,
  POLICY_PREFIX,
  RBAC_METADATA,
  resourceNames,
} from '../../authz/native/names.ts';
import { askingConfig } from './asking/asking-filter.ts';
import { typedConfig } from './config-dump.ts';
import { type DoctorFinding, finding } from './finding.ts';
import { at, isTrueAt, type JsonObject, objectAt, objectsAt, textAt } from './json.ts';
import { examineFacts, type PlacedFilters } from './native-facts.ts';

const KEY = decidedKey(POLICY_PREFIX);
const FIX = '# gatehouse envoy bootstrap --native prints all filters';

/** Whether a filter that asks is switched by what a policy in Envoy has decided, right or wrong. */
export function isNative(extAuthz: JsonObject): boolean {
  const condition = objectAt(extAuthz, 'filter_enabled_metadata');
  if (textAt(condition, 'filter') !== RBAC_METADATA) return false;
  const prefix = textAt(condition, 'value', 'string_match', 'prefix');
  return prefix === DECIDED || prefix === ASK || keyOf(condition).startsWith(POLICY_PREFIX);
}

/**
 * @param filters  of the connection manager
 * @param index  of the filter that asks, whose condition is one of ours (`isNative`)
 * @param routes  the route configuration
 * @param place  where the connection manager stands, and the network filters before it
 */
export function examineNative(
  filters: readonly JsonObject[],
  index: number,
  routes: JsonObject | undefined,
  place: { readonly where: string; readonly around: PlacedFilters },
): readonly DoctorFinding[] {
  const { where, around } = place;
  const extAuthz = askingConfig(filters[index]!); // it was found there
  return [
    ...examineGate(objectAt(extAuthz, 'filter_enabled_metadata'), `${where}.http_filters[${index}]`),
    ...examineWriters(filters.slice(0, index), where),
    ...examineFacts(filters.slice(0, index), where, around),
    ...examinePath(routes, where),
  ];
}

const keyOf = (condition: JsonObject | undefined): string =>
  objectsAt(condition, 'path')
    .map((each) => textAt(each, 'key'))
    .join('.');

/** What is switched off must be what has decided, by a key that nobody else writes. */
function examineGate(condition: JsonObject | undefined, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  if (!isTrueAt(condition, 'invert') || textAt(condition, 'value', 'string_match', 'prefix') !== DECIDED) {
    const message = 'a request that no policy in Envoy has looked at passes unasked';
    const fix = `filter_enabled_metadata: { …, value: { string_match: { prefix: "${DECIDED}" } }, invert: true }`;
    findings.push(finding('fail-open', 'native_not_inverted', where, message, fix));
  }
  if (keyOf(condition) !== KEY) {
    const message = `every RBAC filter writes to ${keyOf(condition) || 'that key'}, and the last one says whether to ask`;
    findings.push(finding('fail-open', 'native_key_shared', where, message, `path: [{ key: ${KEY} }]`));
  }
  return findings;
}

const isRbac = (filter: JsonObject): boolean =>
  typedConfig(filter).type === 'RBAC' || JSON.stringify(filter).includes('filters.http.rbac.v3.RBAC');

/** Only the policy that is delivered may say that it has decided. */
function examineWriters(before: readonly JsonObject[], where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  for (const [at_, filter] of before.entries()) {
    const here = `${where}.http_filters[${at_}]`;
    const byDefault = objectAt(filter, 'config_discovery', 'default_config');
    const own = byDefault ?? typedConfig(filter).value;
    const isPolicy = textAt(filter, 'name') === resourceNames.policy && at(filter, 'config_discovery') !== undefined;
    const names = JSON.stringify(own);
    if (isPolicy && byDefault === undefined) {
      const message = 'every request is answered 500 until a policy has come';
      findings.push(finding('fragile', 'native_no_default', here, message, FIX));
    } else if (isPolicy && !asksAlways(own)) {
      const message = 'until a policy has come its default decides, and not everything is asked about';
      findings.push(finding('fail-open', 'native_default_decides', here, message, FIX));
    } else if (isPolicy && !takesChains(filter)) {
      const message = 'where tokens are verified it refuses its policy, and asks about everything';
      findings.push(finding('fragile', 'native_no_tokens', here, message, `type_urls: […, ${FILTER_CHAIN}]`));
    } else if (!isPolicy && isRbac(filter) && names.includes(`"${POLICY_PREFIX}"`)) {
      const message = `it writes to ${KEY} too, so that what the policy hands over may pass unasked`;
      findings.push(
        finding('fail-open', 'native_overwritten', here, message, `# no rules_stat_prefix: ${POLICY_PREFIX}`),
      );
    }
  }
  return findings;
}

const takesChains = (filter: JsonObject): boolean =>
  JSON.stringify(at(filter, 'config_discovery', 'type_urls') ?? []).includes(FILTER_CHAIN);

function asksAlways(config: JsonObject): boolean {
  const matcher = objectAt(config, 'matcher');
  const name = textAt(matcher, 'on_no_match', 'action', 'typed_config', 'name');
  const others = [at(matcher, 'matcher_list'), at(matcher, 'matcher_tree'), at(config, 'rules')];
  return name.startsWith(ASK) && others.every((each) => each === undefined);
}

/** Trees see the path with its parameters; a policy that Gatehouse judges does too, and routes then do not. */
function examinePath(routes: JsonObject | undefined, where: string): readonly DoctorFinding[] {
  if (!isTrueAt(routes, 'ignore_path_parameters_in_path_matching')) return [];
  const message = 'routes are found without path parameters (;x=1), and policies judge paths with them';
  return [finding('inexact', 'path_parameters', where, message, '# remove ignore_path_parameters_in_path_matching')];
}
