/**
 * Walks through an Envoy's listeners and examines each filter chain that strangers reach.
 * @module
 */

import { examineNetworkExtAuthz } from './asking/ext-authz.ts';
import { type EnvoyConfig, typedConfig } from './config-dump.ts';
import { examineConnectionManager } from './connection-manager.ts';
import { examineEntrance } from './entrance/listener.ts';
import { examineTls } from './entrance/tls.ts';
import { type DoctorFinding, finding } from './finding.ts';
import { examineEveryManager } from './internal-callers.ts';
import { at, type JsonObject, objectAt, objectsAt, textAt } from './json.ts';
import { examineConnectionGate } from './native-connections.ts';

/** Everything that makes a policy inexact or lets a request pass unasked, in the order of the configuration. */
export function examine(config: EnvoyConfig): readonly DoctorFinding[] {
  const inbound = config.listeners.filter((listener) => textAt(listener, 'traffic_direction') !== 'OUTBOUND');
  const findings = inbound.flatMap((listener) => examineListener(config, listener));
  if (inbound.length === 0) {
    const message = 'there is no listener that strangers reach, so nothing is asked about';
    findings.push(finding('fragile', 'no_listener', 'listeners', message, 'gatehouse envoy bootstrap --listen …'));
  }
  return [...findings, ...examineEveryManager(config), ...examineAdmin(config)];
}

function examineListener(config: EnvoyConfig, listener: JsonObject): readonly DoctorFinding[] {
  const where = `listeners[${textAt(listener, 'name')}]`;
  const fallback = objectAt(listener, 'default_filter_chain');
  const chains = objectsAt(listener, 'filter_chains').map((chain, index) => ({
    chain,
    where: `${where}.filter_chains[${textAt(chain, 'name') || index}]`,
  }));
  if (fallback) chains.push({ chain: fallback, where: `${where}.default_filter_chain` });
  const ofChains = chains.flatMap((each) => [
    ...examineTls(config, each.chain, each.where),
    ...examineFilters(config, each.chain, each.where),
  ]);
  return [...examineEntrance(listener, where), ...ofChains];
}

/** Network filters run in order; the one that carries the traffic away must come after the one that asks. */
function examineFilters(config: EnvoyConfig, chain: JsonObject, where: string): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  let asked = false;
  const filters = objectsAt(chain, 'filters');
  for (const [index, filter] of filters.entries()) {
    const { type, value } = typedConfig(filter);
    const here = `${where}.filters[${index}]`;
    if (type === 'ExtAuthz') {
      asked = true;
      findings.push(...examineNetworkExtAuthz(config, value, here));
      findings.push(...examineConnectionGate(value, filters.slice(0, index), where));
    } else if (type === 'HttpConnectionManager') {
      const isPlain = objectAt(chain, 'transport_socket') === undefined;
      const isQuic = typedConfig(objectAt(chain, 'transport_socket')).type === 'QuicDownstreamTransport';
      const around = { filters: filters.slice(0, index), where, isQuic };
      findings.push(...examineConnectionManager(config, value, here, { asked, isPlain, around }));
    } else if (type === 'TcpProxy' && asked) {
      findings.push(...examineGreeting(value, here));
    } else if (type === 'TcpProxy') {
      const message = 'connections are carried on without asking Gatehouse';
      findings.push(finding('fail-open', 'no_check', here, message, NETWORK_FIX));
    } else if (index === filters.length - 1 && !asked) {
      const message = `${textAt(filter, 'name')} takes what connections bring, without asking Gatehouse`;
      findings.push(finding('fail-open', 'no_check', here, message, NETWORK_FIX));
    }
  }
  return findings;
}

const NETWORK_FIX = 'filters: [{ name: envoy.filters.network.ext_authz, … }, …]';

/** The question waits for the caller's first bytes; the application must not be connected before. */
function examineGreeting(proxy: JsonObject, where: string): readonly DoctorFinding[] {
  if (textAt(proxy, 'upstream_connect_mode') === 'ON_DOWNSTREAM_DATA') return [];
  const message = 'an application that speaks first greets callers before they are asked about';
  const fix = 'upstream_connect_mode: ON_DOWNSTREAM_DATA';
  return [finding('fail-open', 'greeting_unguarded', where, message, fix)];
}

function examineAdmin(config: EnvoyConfig): readonly DoctorFinding[] {
  const address = textAt(config.bootstrap, 'admin', 'address', 'socket_address', 'address');
  if (at(config.bootstrap, 'admin') === undefined || address === '' || /^(127\.|::1$|localhost$)/.test(address))
    return [];
  const message = `Envoy's admin pages have no login and are open on ${address}: whoever reaches them can stop Envoy and change its runtime`;
  return [
    finding(
      'fail-open',
      'admin_open',
      'admin.address',
      message,
      'admin: { address: { socket_address: { address: 127.0.0.1, … } } }',
    ),
  ];
}
