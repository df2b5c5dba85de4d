/**
 * What Istio's webhook asks of the rules of an AuthorizationPolicy.
 * @module
 */
import type { Reporter } from '../../../documents/finding.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt, type Value } from '../../../documents/value.ts';
import { attributeOf } from '../read/attribute.ts';
import { operationFields, type RuleField, sourceFields, writtenFields } from '../read/rule-shape.ts';
import { checkValues, type ValueCheck } from './value-checks.ts';

/** Reports what is wrong with one rule. `path` names it, e.g. `spec.rules[0]`. */
export function checkRule(rule: MapValue, path: string, report: Reporter): void {
  checkAlternatives(rule, 'from', 'source', sourceFields, path, report);
  checkAlternatives(rule, 'to', 'operation', operationFields, path, report);
  for (const [i, condition] of (listAt(rule, 'when')?.items ?? []).entries()) {
    if (condition.is === 'map') checkCondition(condition, `${path}.when[${i}]`, report);
  }
}

function checkAlternatives(
  rule: MapValue,
  list: 'from' | 'to',
  inner: 'source' | 'operation',
  fields: readonly RuleField[],
  path: string,
  report: Reporter,
): void {
  const alternatives = listAt(rule, list);
  if (alternatives?.items.length === 0) {
    const everything = list === 'from' ? 'anybody' : 'everything';
    report.warning(
      alternatives,
      `empty-${list}`,
      `${path}.${list}`,
      `an empty ${list} asks nothing: the rule means ${everything}`,
      `write what you mean, or leave ${list} out`,
    );
  }
  for (const [i, alternative] of (alternatives?.items ?? []).entries()) {
    const at = `${path}.${list}[${i}]`;
    if (alternative.is !== 'map') continue;
    const content = fieldOf(alternative, inner);
    if (content === undefined) {
      report.error(
        alternative,
        `${inner}-missing`,
        at,
        `this ${list} has no ${inner}`,
        `add ${inner}, or remove the entry`,
      );
    } else if (content.is === 'map') {
      checkFields(content, fields, `${at}.${inner}`, inner, report);
    }
  }
}

function checkFields(
  content: MapValue,
  fields: readonly RuleField[],
  path: string,
  inner: 'source' | 'operation',
  report: Reporter,
): void {
  const written = writtenFields(content, fields);
  const isFilled = (name: string): boolean => (listAt(content, name)?.items.length ?? 0) > 0;
  if (!written.some(({ name, not }) => isFilled(name) || isFilled(not))) {
    report.error(content, `${inner}-empty`, path, `the ${inner} asks nothing`, 'set at least one field');
  }
  for (const { name, not, check } of written) {
    checkValues(textsAt(content, name), check, `${path}.${name}`, report);
    checkValues(textsAt(content, not), check, `${path}.${not}`, report);
  }
  if (inner === 'source') checkExclusive(content, path, report);
}

const accounts = ['serviceAccounts', 'notServiceAccounts'];
const identities = ['principals', 'notPrincipals', 'namespaces', 'notNamespaces'];

/** Being there is enough, even with an empty list: that is how Kubernetes' schema says it. */
function checkExclusive(source: MapValue, path: string, report: Reporter): void {
  const account = accounts.find((name) => source.entries.has(name));
  const identity = identities.find((name) => source.entries.has(name));
  if (account === undefined || identity === undefined) return;
  const message = `${account} cannot stand together with ${identity}`;
  report.error(
    source.entries.get(account)!.key,
    'service-accounts-exclusive',
    `${path}.${account}`,
    message,
    'write the namespace into the service account: "namespace/name"',
  );
}

function checkCondition(condition: MapValue, path: string, report: Reporter): void {
  const key = textAt(condition, 'key');
  const place = fieldOf(condition, 'key') ?? condition;
  if (key === undefined) return;
  if (key === '') {
    report.error(place, 'key-empty', `${path}.key`, 'the condition has no key', 'name the attribute, e.g. source.ip');
    return;
  }
  const values = textsAt(condition, 'values');
  const notValues = textsAt(condition, 'notValues');
  if (values.length + notValues.length === 0) {
    report.error(
      condition,
      'condition-empty',
      path,
      `the condition on ${key} has neither values nor notValues`,
      'add one of them',
    );
  }
  checkKey(key, place, `${path}.key`, report);
  const check = checkOfKey.get(key) ?? 'text';
  checkValues(values, check, `${path}.values`, report);
  checkValues(notValues, check, `${path}.notValues`, report);
  const most = 16;
  for (const list of check === 'service-account' ? [values, notValues] : []) {
    if (list.length > most)
      report.error(list[most]!, 'too-many', path, `at most ${most} service accounts`, 'split the condition');
    for (const value of list) {
      if (Buffer.byteLength(value.text) > 320)
        report.error(value, 'too-long', path, 'a service account has at most 320 bytes', 'shorten it');
    }
  }
}

const checkOfKey: ReadonlyMap<string, ValueCheck> = new Map(
  Object.entries<ValueCheck>({
    'source.ip': 'address',
    'remote.ip': 'address',
    'destination.ip': 'address',
    'destination.port': 'port',
    'source.serviceAccount': 'service-account',
    'source.trustDomain': 'wildcard',
  }),
);

const bracketed = ['request.headers', 'request.auth.claims', 'experimental.envoy.filters.'];

/** Keys that a `when` condition may have; the last three take a name in brackets. */
const conditionKeys: readonly string[] = [
  'source.ip',
  'remote.ip',
  'source.namespace',
  'source.serviceAccount',
  'source.trustDomain',
  'source.principal',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'destination.ip',
  'destination.port',
  'connection.sni',
  'request.headers[NAME]',
  'request.auth.claims[NAME]',
  'experimental.envoy.filters.NAME[KEY]',
];

const replaced: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    'destination.namespace': 'the policy applies to its own namespace: set metadata.namespace',
    'destination.name': 'use a selector',
    'destination.user': 'use a selector',
  }),
);

function checkKey(key: string, place: Value, path: string, report: Reporter): void {
  if (bracketed.some((prefix) => key.startsWith(prefix))) {
    const open = key.indexOf('[');
    if (key.endsWith(']') && open > 0 && open < key.length - 2) return;
    report.error(
      place,
      'key-brackets',
      path,
      `${JSON.stringify(key)} does not have the form a[b]`,
      'write the name in brackets, e.g. request.headers[x-token]',
    );
    return;
  }
  if (!key.startsWith('operation.') && attributeOf(key) !== undefined) return;
  const instead = replaced.get(key) ?? (key.startsWith('destination.labels') ? 'use spec.selector' : undefined);
  const fix = instead ?? `use one of ${conditionKeys.join(', ')}`;
  report.error(place, 'key-unknown', path, `there is no attribute ${JSON.stringify(key)}`, fix);
}

const forbiddenInCustom = ['namespaces', 'serviceAccounts', 'trustDomains', 'principals', 'requestPrincipals'];
const forbiddenKeys = ['source.namespace', 'source.serviceAccount', 'source.trustDomain', 'source.principal'];

/** A CUSTOM rule runs before authentication, so it cannot use an authenticated identity. */
export function checkCustomRule(rule: MapValue, path: string, report: Reporter): void {
  const fix = 'leave it to an ALLOW or DENY policy';
  for (const [i, alternative] of (listAt(rule, 'from')?.items ?? []).entries()) {
    const source = mapAt(alternative, 'source');
    for (const { name, not } of sourceFields.filter((one) => forbiddenInCustom.includes(one.name))) {
      for (const used of [name, not].filter((field) => (listAt(source, field)?.items.length ?? 0) > 0)) {
        const at = `${path}.from[${i}].source.${used}`;
        report.error(
          source!.entries.get(used)!.key,
          'custom-identity',
          at,
          `${used} cannot be used with action CUSTOM`,
          fix,
        );
      }
    }
  }
  for (const [i, condition] of (listAt(rule, 'when')?.items ?? []).entries()) {
    const key = textAt(condition, 'key') ?? '';
    if (!forbiddenKeys.includes(key) && !key.startsWith('request.auth.')) continue;
    report.error(
      condition,
      'custom-identity',
      `${path}.when[${i}].key`,
      `${key} cannot be used with action CUSTOM`,
      fix,
    );
  }
}
