/**
 * Examines the filter that asks Gatehouse, and the cluster behind it.
 * @module
 */
import type { EnvoyConfig } from '../config-dump.ts';
import { type DoctorFinding, finding } from '../finding.ts';
import { at, isTrueAt, type JsonObject, objectAt, objectsAt, secondsAt, textAt } from '../json.ts';
import { isNative } from '../native.ts';
import { examineAsked } from './cluster.ts';
import { asksByHttp, CHECK_PATH, examineHttpAsking } from './http-asking.ts';

/** Settings that an HTTP Check needs to see what policies speak of: field, code, what is lost without it. */
const seen: readonly (readonly [field: string, code: string, lost: string])[] = [
  [
    'include_peer_certificate',
    'no_peer_certificate',
    'only the first name of the caller’s certificate is seen, and it cannot be verified again',
  ],
  ['include_tls_session', 'no_tls_session', 'policies on connection.sni never match'],
];
const seenOfHttp: typeof seen = [
  [
    'encode_raw_headers',
    'headers_joined',
    'several lines of one header arrive as one value, which policies compare line by line',
  ],
];

/** `envoy.filters.network.ext_authz`. */
export function examineNetworkExtAuthz(
  config: EnvoyConfig,
  filter: JsonObject,
  where: string,
): readonly DoctorFinding[] {
  return [
    ...examineFailure(filter, where),
    ...examineSight(config, filter, where, seen),
    ...examineService(config, filter, where),
  ];
}

/** `envoy.filters.http.ext_authz`. */
export function examineHttpExtAuthz(config: EnvoyConfig, filter: JsonObject, where: string): readonly DoctorFinding[] {
  return [
    ...examineFailure(filter, where),
    ...examineEnabled(filter, where),
    ...examineAnswers(filter, where),
    ...(asksByHttp(filter)
      ? examineHttpAsking(config, filter, where)
      : [
          ...examineSight(config, filter, where, [...seen, ...seenOfHttp]),
          ...examineHeaders(filter, where),
          ...examineService(config, filter, where),
        ]),
  ];
}

function examineFailure(filter: JsonObject, where: string): readonly DoctorFinding[] {
  if (!isTrueAt(filter, 'failure_mode_allow')) return [];
  const message = 'while Gatehouse cannot answer in time, every request is allowed';
  return [finding('fail-open', 'failure_mode_allow', where, message, 'failure_mode_allow: false')];
}

/** The filter can be switched off for a part of the traffic, at runtime or by metadata. */
function examineEnabled(filter: JsonObject, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const enabled = objectAt(filter, 'filter_enabled');
  if (enabled) {
    const message = `a runtime key (${textAt(enabled, 'runtime_key') || 'unnamed'}) can let requests pass unasked`;
    findings.push(finding('fail-open', 'switched_by_runtime', where, message, '# remove filter_enabled'));
  }
  const condition = objectAt(filter, 'filter_enabled_metadata');
  if (isNative(filter)) return findings; // which is looked at with the filters before it
  if (condition && isOfCustomPolicy(condition)) {
    const message = 'only what a CUSTOM policy of Istio selects is asked about; the rest passes unasked';
    findings.push(finding('fragile', 'asked_by_custom_policy', where, message, 'rules: [{}]'));
  } else if (condition) {
    const message = 'requests without certain metadata pass unasked';
    findings.push(finding('fail-open', 'switched_by_metadata', where, message, '# remove filter_enabled_metadata'));
  }
  return findings;
}

/** As istiod writes it: what a policy of action CUSTOM has marked is asked about. */
function isOfCustomPolicy(condition: JsonObject): boolean {
  const [key, ...others] = objectsAt(condition, 'path').map((each) => textAt(each, 'key'));
  const isKey = key?.startsWith('istio-ext-authz-') === true && key.endsWith('shadow_effective_policy_id');
  const isOfRbac = textAt(condition, 'filter') === 'envoy.filters.http.rbac';
  return isOfRbac && isKey && others.length === 0 && !isTrueAt(condition, 'invert');
}

function examineSight(
  config: EnvoyConfig,
  filter: JsonObject,
  where: string,
  fields: typeof seen,
): readonly DoctorFinding[] {
  const findings = fields
    .filter(([field]) => !isTrueAt(filter, field))
    .map(([field, code, lost]) => finding('inexact', code, where, lost, `${field}: true`));
  const key = textAt(filter, 'bootstrap_metadata_labels_key');
  const lost =
    'the workload’s labels are not sent, so policies with a selector are decided by what Gatehouse’s own configuration says';
  if (key === '') findings.push(finding('inexact', 'no_labels', where, lost, 'bootstrap_metadata_labels_key: LABELS'));
  else findings.push(...examineLabels(objectAt(config.bootstrap, 'node', 'metadata', key), key, lost));
  return findings;
}

/** Envoy sends what is no text as an empty one; in its YAML `on`, `y` and `1` without quotes are none. */
function examineLabels(labels: JsonObject | undefined, key: string, lost: string): readonly DoctorFinding[] {
  if (labels === undefined) {
    const message = `${lost}: node.metadata has no ${key}`;
    return [finding('inexact', 'no_labels', 'node.metadata', message, `metadata: { ${key}: { app: … } }`)];
  }
  return Object.entries(labels)
    .filter(([, value]) => typeof value !== 'string')
    .map(([label, value]) => {
      const said = JSON.stringify(value);
      const message = `label ${label} is ${said} and no text, so it is sent as an empty one: policies that select by it miss this workload`;
      return finding(
        'inexact',
        'label_no_text',
        `node.metadata.${key}`,
        message,
        `${label}: "…" # as its pod has it, in quotes`,
      );
    });
}

function examineHeaders(filter: JsonObject, where: string): readonly DoctorFinding[] {
  return ['allowed_headers', 'disallowed_headers']
    .filter((field) => at(filter, field) !== undefined)
    .map((field) => {
      const message = `${field} hides headers: a policy that speaks of one takes it for absent, and a DENY then misses`;
      return finding('inexact', 'headers_filtered', where, message, `# remove ${field}`);
    });
}

function examineAnswers(filter: JsonObject, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  if (!isTrueAt(filter, 'validate_mutations')) {
    const message = 'headers of an answer are put into the request without a look at them';
    findings.push(finding('fragile', 'mutations_not_validated', where, message, 'validate_mutations: true'));
  }
  if (at(filter, 'status_on_error') === undefined && !isTrueAt(filter, 'failure_mode_allow')) {
    const message = 'a Gatehouse that is away looks like a policy’s refusal (403)';
    findings.push(
      finding('fragile', 'errors_look_like_refusals', where, message, 'status_on_error: { code: ServiceUnavailable }'),
    );
  }
  return findings;
}

function examineService(config: EnvoyConfig, filter: JsonObject, where: string): readonly DoctorFinding[] {
  const service = objectAt(filter, 'grpc_service');
  if (service === undefined) {
    const message = 'asks by HTTP, and Gatehouse answers that below /check/envoy/ alone: every request fails';
    return [finding('fragile', 'http_service', where, message, `path_prefix: ${CHECK_PATH}NAMESPACE/SERVICEACCOUNT`)];
  }
  const asked = { cluster: textAt(service, 'envoy_grpc', 'cluster_name'), timeout: secondsAt(service, 'timeout') };
  return examineAsked(config, asked, `${where}.grpc_service`);
}
