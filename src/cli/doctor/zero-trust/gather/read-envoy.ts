/**
 * What the configuration of an Envoy says of the requirements.
 * @module
 */
import type { Interval } from '../../../../analysis/regions/intervals.ts';
import { readConfigDump } from '../../config-dump.ts';
import { examine } from '../../examine.ts';
import type { DoctorFinding } from '../../finding.ts';
import { at, isTrueAt, type Json, type JsonObject, numberAt, object, textAt } from '../../json.ts';
import type { EnvoyEvidence } from '../evidence.ts';

/** Findings that are of another requirement than the first. */
const ofAdmin = new Set(['admin_open']);
const ofTls = new Set(['plain_check', 'no_mtls']);
/** Nothing that comes in is asked about. */
const NO_LISTENER = 'no_listener';

/** Reads a `/config_dump`. @param from  the address or file that it came from */
export function readEnvoy(from: string, dump: Json, trustDomain: string): EnvoyEvidence {
  const config = readConfigDump(dump);
  const findings = examine(config);
  const told = (isWanted: (finding: DoctorFinding) => boolean): readonly string[] =>
    findings.filter(isWanted).map(({ code, where, message }) => `${code} at ${where}: ${message}`);
  const inbound = config.listeners.filter((each) => textAt(each, 'traffic_direction') !== 'OUTBOUND');
  return {
    from,
    spiffeId: identityOf(inbound, config.bootstrap, trustDomain),
    failsOpen: told(
      ({ code, kind }) => code === NO_LISTENER || (kind === 'fail-open' && !ofAdmin.has(code) && !ofTls.has(code)),
    ),
    adminOpen: told(({ code }) => ofAdmin.has(code)),
    plain: told(({ code }) => ofTls.has(code)),
    ports: inbound.flatMap(portsOf),
  };
}

function portsOf(listener: JsonObject): readonly Interval[] {
  if (isTrueAt(listener, 'use_original_dst')) return [[1, 65_535]];
  const port = numberAt(listener, 'address', 'socket_address', 'port_value');
  return port === undefined ? [] : [[port, port]];
}

/** Whom it stands before: by its certificate, by what it says in Checks, or as Istio's proxies say it of themselves. */
function identityOf(inbound: readonly JsonObject[], bootstrap: JsonObject, trustDomain: string): string {
  const found = inbound.map((each) => spiffeIdIn(each)).find((id) => id !== '');
  if (found !== undefined) return found;
  const metadata = at(bootstrap, 'node', 'metadata');
  const [namespace, account] = [textAt(metadata, 'NAMESPACE'), textAt(metadata, 'SERVICE_ACCOUNT')];
  return namespace === '' || account === '' ? '' : `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`;
}

/** The name of the first secret, or workload, that is a SPIFFE ID. */
function spiffeIdIn(value: Json): string {
  if (Array.isArray(value)) return value.map((each: Json) => spiffeIdIn(each)).find((id) => id !== '') ?? '';
  const here = object(value);
  const secrets = at(here, 'tls_certificate_sds_secret_configs');
  const named = Array.isArray(secrets) ? textAt(secrets[0], 'name') : '';
  for (const name of [named, textAt(here, 'gatehouse.workload')]) if (name.startsWith('spiffe://')) return name;
  return spiffeIdIn(Object.values(here).filter((each) => typeof each === 'object'));
}
