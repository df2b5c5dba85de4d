/**
 * Examines a listener itself: by what its connections come, and whose addresses they then have.
 * @module
 */
import { typedConfig } from '../config-dump.ts';
import { type DoctorFinding, finding } from '../finding.ts';
import { at, type JsonObject, objectAt, objectsAt } from '../json.ts';

const POLICY = /"gatehouse\.(?:policy|network)"/;

/** Says how callers and their addresses are others than policies take them to be. */
export function examineEntrance(listener: JsonObject, where: string): readonly DoctorFinding[] {
  return [
    ...examineQuic(listener, where),
    ...examineProxyProtocol(listener, where),
    ...examineDatagrams(listener, where),
    ...examineInternal(listener, where),
  ];
}

/** The TLS of a chain, by TCP or by QUIC; undefined: there is none. */
export function tlsOf(chain: JsonObject): JsonObject | undefined {
  const { type, value } = typedConfig(at(chain, 'transport_socket'));
  if (type === 'DownstreamTlsContext') return value;
  return type === 'QuicDownstreamTransport' ? (objectAt(value, 'downstream_tls_context') ?? {}) : undefined;
}

const chainsOf = (listener: JsonObject): readonly JsonObject[] => [
  ...objectsAt(listener, 'filter_chains'),
  ...[objectAt(listener, 'default_filter_chain')].filter((each) => each !== undefined),
];

function examineQuic(listener: JsonObject, where: string): readonly DoctorFinding[] {
  const sockets = chainsOf(listener)
    .map((chain) => typedConfig(at(chain, 'transport_socket')))
    .filter(({ type }) => type === 'QuicDownstreamTransport');
  if (sockets.length === 0) return [];
  const findings = [
    finding(
      'inexact',
      'quic_taken_for_tcp',
      where,
      'its connections are QUIC, and whoever decides takes them to be TCP: rules of NetworkPolicy, Calico and the site on protocols hold for another one',
      '# a listener of TCP',
    ),
  ];
  if (sockets.some(({ value }) => at(value, 'enable_early_data') !== false)) {
    const message = 'whoever has seen a request in early data can send it again, as the caller who was allowed';
    findings.push(finding('inexact', 'early_data', where, message, 'enable_early_data: false'));
  }
  return findings;
}

/** ext_authz tells the address of the header, and trees see who connects. */
function examineProxyProtocol(listener: JsonObject, where: string): readonly DoctorFinding[] {
  const filters = objectsAt(listener, 'listener_filters');
  const index = filters.findIndex((each) => typedConfig(each).type === 'ProxyProtocol');
  if (index < 0) return [];
  const here = `${where}.listener_filters[${index}]`;
  if (POLICY.test(JSON.stringify(chainsOf(listener)))) {
    const message =
      'a tree goes by the address of who connects, and what it hands over is asked about by the address in the PROXY header: two addresses decide';
    return [finding('inexact', 'native_proxy_protocol', here, message, '# no --native where PROXY headers come')];
  }
  const message = 'whoever reaches the listener writes its own address into the PROXY header, by which ipBlocks decide';
  return [finding('fragile', 'address_by_proxy_protocol', here, message, '# let only the balancer reach it')];
}

/** Without QUIC, datagrams are carried away by listener filters. */
function examineDatagrams(listener: JsonObject, where: string): readonly DoctorFinding[] {
  if (objectAt(listener, 'udp_listener_config') === undefined || chainsOf(listener).length > 0) return [];
  const message = 'datagrams are carried on without asking Gatehouse';
  return [finding('fail-open', 'no_check', where, message, '# remove it, or let the network decide')];
}

function examineInternal(listener: JsonObject, where: string): readonly DoctorFinding[] {
  if (objectAt(listener, 'internal_listener') === undefined) return [];
  const message =
    'its connections come from another listener of this Envoy: the address and the certificate of who called that one are not told, and policies on them see others or none';
  return [finding('inexact', 'internal_listener', where, message, '# ask in the listener that callers reach')];
}
