import { decidedBy, POLICY_PREFIX } from '../../authz/native/names.ts';
import type { JsonObject } from './json.ts';
import { connectionFoundBy, revocationFound } from './native.ts';

const LOGGERS = 'type.googleapis.com/envoy.extensions.access_loggers';

/** Stands for Envoy's own stdout, which may be a socket (journald) that cannot be opened by a path. */
export const STDOUT = '/dev/stdout';

/** One line a request. */
export function httpAccessLog(path: string, native = false): JsonObject {
  return fileLog(path, {
    ...connection,
    method: '%REQ(:METHOD)%',
    authority: '%REQ(:AUTHORITY)%',
    path: '%PATH(NQ)%',
    status: '%RESPONSE_CODE%',
    details: '%RESPONSE_CODE_DETAILS%',
    request_id: '%REQ(X-REQUEST-ID)%',
    ...(native ? nativeDecision : {}),
    ...decision('envoy.filters.http.ext_authz'),
  });
}

/** One line a connection. */
export function tcpAccessLog(path: string, native = false): JsonObject {
  return fileLog(path, {
    ...connection,
    ...(native ? { native_policy: connectionFoundBy(POLICY_PREFIX) } : {}),
    ...decision('envoy.filters.network.ext_authz'),
  });
}

/** One line a request that leaves, without a decision: the other side decides. */
export function outboundAccessLog(path: string, protocol: 'http' | 'tcp'): JsonObject {
  const server = { server_id: '%UPSTREAM_PEER_URI_SAN%', failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%' };
  const request = { method: '%REQ(:METHOD)%', path: '%PATH(NQ)%', status: '%RESPONSE_CODE%' };
  return fileLog(path, { direction: 'outbound', ...timing, ...(protocol === 'http' ? request : {}), ...server });
}

/** One line a connection whose TLS handshake failed: such a caller never reaches the other logs. */
export function handshakeFailureLog(path: string): JsonObject {
  return {
    ...fileLog(path, {
      at: '%START_TIME%',
      caller_address: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
      handshake_failure: '%DOWNSTREAM_TRANSPORT_FAILURE_REASON%',
    }),
    filter: {
      extension_filter: {
        name: 'envoy.access_loggers.extension_filters.cel',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
          expression: 'connection.transport_failure_reason != ""',
        },
      },
    },
  };
}

const timing: JsonObject = {
  at: '%START_TIME%',
  milliseconds: '%DURATION%',
  flags: '%RESPONSE_FLAGS%',
};

const connection: JsonObject = {
  direction: 'inbound',
  ...timing,
  caller: '%DOWNSTREAM_PEER_URI_SAN%',
  caller_serial: '%DOWNSTREAM_PEER_SERIAL%',
  caller_address: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
};

/** What Envoy has decided itself: `n:…` decided, `ask:…` asked. */
const nativeDecision: JsonObject = {
  native_revocations: revocationFound,
  native_policy: decidedBy(POLICY_PREFIX),
};

/** Where the filter files what Gatehouse answered beside its verdict. */
function decision(filter: string): JsonObject {
  const of = (key: string) => `%DYNAMIC_METADATA(${filter}:gatehouse:${key})%`;
  return {
    decision: of('decision'),
    reason: of('reason'),
    policy: of('policy'),
    rule: of('rule'),
    decision_id: of('id'),
  };
}

function fileLog(path: string, fields: JsonObject): JsonObject {
  const log_format = { json_format: fields };
  return path === STDOUT
    ? {
        name: 'envoy.access_loggers.stdout',
        typed_config: { '@type': `${LOGGERS}.stream.v3.StdoutAccessLog`, log_format },
      }
    : {
        name: 'envoy.access_loggers.file',
        typed_config: { '@type': `${LOGGERS}.file.v3.FileAccessLog`, path, log_format },
      };
}
