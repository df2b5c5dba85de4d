/**
 * Examines what fills in the facts that trees read: whether it stands where it must, and whether anything else says them.
 * @module
 */
import {
  ASK,
  decidedBy,
  NOT_REVOKED,
  NOTHING,
  REVOCATIONS_PREFIX,
  REVOKED,
  resourceNames,
  stateFormats,
  stateKeys,
} from '../../authz/native/names.ts';
import { typedConfig } from './config-dump.ts';
import { type DoctorFinding, finding } from './finding.ts';
import { at, type JsonObject, objectAt, objectsAt, textAt } from './json.ts';

/** Network filters, and where they stand. */
export interface PlacedFilters {
  readonly filters: readonly JsonObject[];
  /** E.g. `listeners[inbound].filter_chains[0]`. */
  readonly where: string;
  /** Requests may come before the handshake is over. */
  readonly isQuic: boolean;
}

const FIX = '# gatehouse envoy bootstrap --native prints all filters';

/**
 * @param before  filters of requests, before the one that asks
 * @param around  network filters, before the connection manager
 */
export function examineFacts(
  before: readonly JsonObject[],
  where: string,
  around: PlacedFilters,
): readonly DoctorFinding[] {
  const all = [
    ...around.filters.map((filter, index) => ({ filter, here: `${around.where}.filters[${index}]` })),
    ...before.map((filter, index) => ({ filter, here: `${where}.http_filters[${index}]` })),
  ];
  return [
    ...examinePlace(before, where, around),
    ...examineEarly(around),
    ...all.flatMap(({ filter, here }) => [...examineFilled(filter, here)]),
  ];
}

/** Over TCP no request is read before the handshake is over. */
function examineEarly({ filters, where, isQuic }: PlacedFilters): readonly DoctorFinding[] {
  const index = filters.findIndex(
    (filter) => filled(typedConfig(filter).value, 'on_new_connection', stateKeys.serial).length > 0,
  );
  if (!isQuic || index < 0) return [];
  const message = `over QUIC requests may come before the caller's certificate: trees would take whoever has one for somebody without`;
  return [finding('fail-open', 'native_quic', `${where}.filters[${index}]`, message, '# no --native over QUIC')];
}

/** Only what is delivered may say of a caller that no revocation means him, and nothing may stand for what Envoy itself has seen. */
function* examineFilled(filter: JsonObject, here: string): Iterable<DoctorFinding> {
  if (JSON.stringify(filter).includes(`"${NOT_REVOKED}"`)) {
    const message = `it says of every caller that he is not revoked, whether Gatehouse has said so or not`;
    const fix = `# nothing that sets ${stateKeys.revocation} to ${NOT_REVOKED}`;
    yield finding('fail-open', 'native_revocations_assumed', here, message, fix);
  }
  const config = objectAt(filter, 'config_discovery', 'default_config') ?? typedConfig(filter).value;
  for (const key of Object.values(stateKeys)) {
    const other = events.flatMap((event) => filled(config, event, key)).find((said) => !isOurs(config, key, said));
    if (other === undefined) continue;
    const message = `it fills in ${key} by ${other || 'what is no text of Envoy’s'}, which trees take for what Envoy has seen`;
    yield finding('fail-open', 'native_fact_other', here, message, `# nothing else that sets ${key}`);
  }
}

const events = ['on_request_headers', 'on_new_connection', 'on_downstream_tls_handshake'] as const;

/** By which formats a filter fills in a key at that event. */
const filled = (config: JsonObject | undefined, event: string, key: string): readonly string[] =>
  objectsAt(config, event)
    .filter((each) => textAt(each, 'object_key') === key)
    .map((each) => textAt(each, 'format_string', 'text_format_source', 'inline_string'));

function isOurs(config: JsonObject | undefined, key: string, said: string): boolean {
  switch (key) {
    case stateKeys.path:
    case stateKeys.request:
      return said === stateFormats[key];
    case stateKeys.serial: {
      const later = filled(config, 'on_downstream_tls_handshake', key);
      // Whoever has no certificate is said to have none until he has shown one.
      return said === stateFormats[key] || (said === NOTHING && later.includes(stateFormats[key]));
    }
    case stateKeys.revocation:
      return said === decidedBy(REVOCATIONS_PREFIX) || [ASK, REVOKED, NOT_REVOKED].some((own) => said.startsWith(own));
    default:
      return true; // of connections, which is examined there
  }
}

/** What trees read, and what revocations came to, stand before the policy: in another order everything asks. */
function examinePlace(before: readonly JsonObject[], where: string, around: PlacedFilters): readonly DoctorFinding[] {
  const first = (holds: (filter: JsonObject) => boolean): number => before.findIndex(holds);
  const inOrder = (places: readonly number[]): boolean =>
    places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1]!));
  const fills = (filter: JsonObject, event: string, key: string): boolean =>
    filled(typedConfig(filter).value, event, key).length > 0;
  const delivered = (name: string): number =>
    first((each) => each['name'] === name && at(each, 'config_discovery') !== undefined);
  const policy = first(({ name }) => name === resourceNames.policy);
  const ofConnection = around.filters.some((each) => fills(each, 'on_downstream_tls_handshake', stateKeys.serial));
  if (ofConnection && inOrder([delivered(resourceNames.request), policy])) return [];
  // As `envoy bootstrap` printed it when everything was filled in with each request, and before that by Envoys themselves.
  const inRequest = (filter: JsonObject, key: string): boolean => fills(filter, 'on_request_headers', key);
  const former = [
    first((each) => [stateKeys.path, stateKeys.request, stateKeys.serial].every((key) => inRequest(each, key))),
    first(({ name }) => name === resourceNames.revocations),
    first(
      (each) => inRequest(each, stateKeys.revocation) && JSON.stringify(each).includes(decidedBy(REVOCATIONS_PREFIX)),
    ),
  ];
  if (inOrder([delivered(resourceNames.facts), policy]) || inOrder([...former, policy])) return [];
  const missing = ofConnection
    ? `${resourceNames.request} (or what it stands for in older bootstraps)`
    : `what fills in ${stateKeys.serial} when the caller's certificate is there`;
  const message = `${missing} or ${resourceNames.policy} is missing or in another order: everything is asked about`;
  return [finding('fragile', 'native_asks_always', `${where}.http_filters`, message, FIX)];
}
