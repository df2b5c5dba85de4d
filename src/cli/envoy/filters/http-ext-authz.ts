/**
 * Asking Gatehouse by HTTP: what is passed on, what is said besides, and what comes back.
 * @module
 */

import { REASON_METADATA } from '../../../authz/answer/told-reasons.ts';
import type { JsonObject } from '../json.ts';
import { type HttpAsking, type SidecarOptions, seconds } from '../options.ts';

/** The cluster that answers Checks. */
export const EXT_AUTHZ_CLUSTER = 'gatehouse_ext_authz';

/** Passed on always; of `authorization`, method, path and host Envoy does so itself. */
const ALWAYS = ['x-forwarded-for', 'x-forwarded-proto', 'x-request-id'];

/** In place of `grpc_service`. */
export function httpService(
  { path, workload, headers, copied }: HttpAsking,
  { timeoutMs }: SidecarOptions,
): JsonObject {
  const passed = [...new Set([...ALWAYS, ...headers])].filter((name) => !name.startsWith('x-gatehouse-'));
  return {
    allowed_headers: listOf(passed),
    http_service: {
      server_uri: { uri: 'http://gatehouse', cluster: EXT_AUTHZ_CLUSTER, timeout: seconds(timeoutMs) },
      path_prefix: path,
      authorization_request: {
        headers_to_add: Object.entries({
          'x-gatehouse-workload': workload,
          'x-gatehouse-headers': passed.join(','),
          'x-gatehouse-certificate': '=%DOWNSTREAM_PEER_CERT%',
          'x-gatehouse-sni': '=%REQUESTED_SERVER_NAME%',
          'x-gatehouse-source': '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
          'x-gatehouse-destination': '%DOWNSTREAM_LOCAL_ADDRESS%',
        }).map(([key, value]) => ({ key, value })),
      },
      authorization_response: {
        allowed_upstream_headers: listOf(['x-gatehouse-id', ...copied]),
        allowed_client_headers: listOf(['www-authenticate', 'x-gatehouse-id']),
        dynamic_metadata_from_headers: listOf([REASON_METADATA]),
      },
    },
  };
}

const listOf = (names: readonly string[]): JsonObject => ({ patterns: names.map((exact) => ({ exact })) });
