/**
 * Examines whether a connection ends when the certificate that it began with is refused.
 * @module
 */
import { REASON_METADATA } from '../../../authz/answer/told-reasons.ts';
import { typedConfig } from '../config-dump.ts';
import { type DoctorFinding, finding } from '../finding.ts';
import { type JsonObject, objectsAt, textAt } from '../json.ts';
import { askingConfig } from './asking-filter.ts';
import { asksByHttp } from './http-asking.ts';

const FIX = '# before the filter that asks: gatehouse.refused-connection, as gatehouse envoy bootstrap prints it';

/**
 * @param filters  of a connection manager behind TLS
 * @param index  of the filter that asks
 */
export function examineRefusedConnections(
  filters: readonly JsonObject[],
  index: number,
  where: string,
): readonly DoctorFinding[] {
  const value = askingConfig(filters[index]!) ?? {}; // it was found there
  if (!filters.slice(0, index).some(endsConnections)) {
    const message =
      'a connection whose certificate is refused (revoked, or of an authority that was taken back) goes on, and a caller that has another one by now is refused until it ends';
    return [finding('fragile', 'refused_connections_kept', `${where}.http_filters`, message, FIX)];
  }
  if (!asksByHttp(value) || saysWhy(value)) return [];
  const message = 'gatehouse.refused-connection is not told why a request was refused, and ends no connection';
  const fix = `authorization_response: { dynamic_metadata_from_headers: { patterns: [{ exact: ${REASON_METADATA} }] } }`;
  return [finding('fragile', 'refused_connections_kept', `${where}.http_filters[${index}].http_service`, message, fix)];
}

/** Whatever its name, and whoever wrote it. */
function endsConnections(filter: JsonObject): boolean {
  const { type, value } = typedConfig(filter);
  return type === 'Lua' && JSON.stringify(value).includes('drainConnectionUponCompletion');
}

const saysWhy = (filter: JsonObject): boolean =>
  objectsAt(filter, 'http_service', 'authorization_response', 'dynamic_metadata_from_headers', 'patterns').some(
    (each) => textAt(each, 'exact') === REASON_METADATA,
  );
