/**
 * Examines a filter that asks Gatehouse by HTTP, where only what it is told to pass on is seen.
 * @module
 */
import { dialects } from '../../../authz/http/dialect.ts';
import type { FactName } from '../../../policy/rules/needed-fact.ts';
import type { EnvoyConfig } from '../config-dump.ts';
import { type DoctorFinding, finding } from '../finding.ts';
import { type JsonObject, objectsAt, secondsAt, textAt } from '../json.ts';
import { examineAsked } from './cluster.ts';

/** Below it Gatehouse answers Envoys that ask by HTTP. */
export const CHECK_PATH = '/check/envoy/';

/** Whether it asks as Gatehouse answers by HTTP. */
export const asksByHttp = (filter: JsonObject): boolean =>
  textAt(filter, 'http_service', 'path_prefix').startsWith(CHECK_PATH);

/** Headers in which something of the connection is said, and what it is for policies. */
const saying: readonly (readonly [header: string, fact: FactName])[] = [
  ['x-gatehouse-certificate', 'source.principal'],
  ['x-gatehouse-sni', 'connection.sni'],
  ['x-gatehouse-source', 'source.ip'],
  ['x-gatehouse-destination', 'destination.ip'],
];

/** @param filter  one of which `asksByHttp` holds */
export function examineHttpAsking(config: EnvoyConfig, filter: JsonObject, where: string): readonly DoctorFinding[] {
  const here = `${where}.http_service`;
  const added = new Map(
    objectsAt(filter, 'http_service', 'authorization_request', 'headers_to_add').map((each) => [
      textAt(each, 'key').toLowerCase(),
      textAt(each, 'value'),
    ]),
  );
  const silent = saying
    .filter(([header]) => !added.has(header))
    .map(([header, fact]) => {
      const message = `${fact} is not said (${header}), and what needs it is refused`;
      return finding('fragile', 'not_said', here, message, dialects.get('envoy')?.lineOf(fact) ?? '');
    });
  const uri = ['http_service', 'server_uri'];
  const asked = { cluster: textAt(filter, ...uri, 'cluster'), timeout: secondsAt(filter, ...uri, 'timeout') };
  return [
    ...silent,
    ...examinePassed(filter, added.get('x-gatehouse-headers') ?? '', where),
    ...examineAsked(config, asked, `${here}.server_uri`),
  ];
}

/** What is said to be passed on must be, or a policy takes what is there for absent. */
function examinePassed(filter: JsonObject, said: string, where: string): readonly DoctorFinding[] {
  const allowed = new Set(objectsAt(filter, 'allowed_headers', 'patterns').map((each) => textAt(each, 'exact')));
  const hidden = new Set(objectsAt(filter, 'disallowed_headers', 'patterns').map((each) => textAt(each, 'exact')));
  return said
    .split(',')
    .filter((name) => name !== '' && (!allowed.has(name) || hidden.has(name)))
    .map((name) => {
      const message = `${name} is said to be passed on and is not: a policy that speaks of it takes it for absent, and a DENY then misses`;
      const fix = `allowed_headers: { patterns: [{ exact: ${name} }] }`;
      return finding('inexact', 'headers_filtered', where, message, fix);
    });
}
