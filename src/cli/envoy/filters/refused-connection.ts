/**
 * The filter that ends a connection whose certificate was refused, so that who calls connects anew and shows what he has by now.
 * @module
 */
import { certificateRefusals, REASON_METADATA } from '../../../authz/answer/told-reasons.ts';

import type { JsonObject } from '../json.ts';

/** Connections that are ended in a second, by each worker: who is refused time and again must not make handshakes without end. */
const MOST_A_SECOND = 100;

/**
 * Stands before ext_authz, since answers pass filters from the last to the first.
 *
 * A refusal says 403, or PERMISSION_DENIED to who speaks gRPC; why is in the metadata of ext_authz, where no application
 * writes: a decision, or what came in a header where it was asked by HTTP.
 * HTTP/1.1 connections close after the answer; HTTP/2 ones get GOAWAY, and what else is open on them goes on. Envoys before 1.37
 * cannot be told, and keep the connection.
 */
export const endRefusedConnections: JsonObject = {
  name: 'gatehouse.refused-connection',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
    default_source_code: { inline_string: luaText() },
  },
};

function luaText(): string {
  return `local reasons = { ${certificateRefusals.map((reason) => `${reason} = true`).join(', ')} }
local second, ended = 0, 0
function envoy_on_response(handle)
  local headers = handle:headers()
  if headers:get(":status") ~= "403" and headers:get("grpc-status") ~= "7" then return end
  local stream = handle:streamInfo()
  local told = stream:dynamicMetadata():get("envoy.filters.http.ext_authz")
  local decision = told and told.gatehouse
  local reason = decision and decision.reason or told and told["${REASON_METADATA}"]
  if not (reason and reasons[reason] and stream.drainConnectionUponCompletion) then return end
  local now = os.time()
  if now ~= second then second, ended = now, 0 end
  if ended == ${MOST_A_SECOND} then return end
  ended = ended + 1
  stream:drainConnectionUponCompletion()
end
`;
}
