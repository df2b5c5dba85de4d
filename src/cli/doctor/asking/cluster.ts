/**
 * Examines the cluster that is asked, and how long an answer is waited for.
 * @module
 */
import type { EnvoyConfig } from '../config-dump.ts';
import { type DoctorFinding, finding } from '../finding.ts';
import { type JsonObject, numberAt, objectsAt, textAt } from '../json.ts';

/** Fewer Checks at a time than this become errors in a busy hour; Envoy's default is 1,024. */
const ENOUGH_REQUESTS = 10_000;

/** @param asked  the name of the cluster, and the time in seconds */
export function examineAsked(
  config: EnvoyConfig,
  { cluster: name, timeout }: { readonly cluster: string; readonly timeout: number | undefined },
  where: string,
): readonly DoctorFinding[] {
  const cluster = config.clusters.get(name);
  const findings = cluster ? [...examineCluster(cluster, `clusters[${name}]`)] : [];
  if (timeout === 0 || (timeout ?? 0) > 30) {
    const message =
      timeout === 0 ? 'a Check may take for ever' : `a Check may take ${timeout} s, and its request waits as long`;
    findings.push(finding('fragile', 'long_timeout', where, message, 'timeout: 1s'));
  }
  return findings;
}

function examineCluster(cluster: JsonObject, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const threshold = objectsAt(cluster, 'circuit_breakers', 'thresholds').find((each) =>
    ['', 'DEFAULT'].includes(textAt(each, 'priority')),
  );
  for (const field of ['max_requests', 'max_pending_requests']) {
    const limit = numberAt(threshold, field) ?? 1024;
    if (limit >= ENOUGH_REQUESTS) continue;
    const message = `only ${limit} Checks at a time (${field}); each one more is an error, which refuses a good request`;
    const fix = `circuit_breakers: { thresholds: [{ ${field}: 100000 }] }`;
    findings.push(finding('fragile', 'circuit_breaker', where, message, fix));
  }
  const secured = textAt(cluster, 'transport_socket', 'name').endsWith('tls');
  const strange = secured ? undefined : addresses(cluster).find((address) => !/^(127\.|::1$|localhost$)/.test(address));
  if (strange !== undefined) {
    const message = `asks ${strange} without TLS: whoever stands between can answer “allowed”`;
    findings.push(
      finding('fail-open', 'plain_check', where, message, 'transport_socket: { name: envoy.transport_sockets.tls, … }'),
    );
  }
  return findings;
}

function addresses(cluster: JsonObject): readonly string[] {
  return objectsAt(cluster, 'load_assignment', 'endpoints')
    .flatMap((locality) => objectsAt(locality, 'lb_endpoints'))
    .map((each) => textAt(each, 'endpoint', 'address', 'socket_address', 'address'))
    .filter((address) => address !== '');
}
