/**
 * `listen`: where we are asked.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

/** `listen`. */
export const listen = z.strictObject({
  workloadApi: field.unixListener
    .prefault('unix:./run/workload.sock')
    .describe(
      'SPIFFE Workload API and Envoy SDS on one socket; mode 0666 unless told, because its callers are attested.',
    ),
  extAuthz: field.anyListener
    .prefault('127.0.0.1:9191')
    .describe("Envoy's Checks; mTLS unless loopback or a unix socket."),
  httpAuth: field.anyListener
    .optional()
    .describe(
      'Where nginx, Caddy, Traefik, HAProxy and Envoy ask by HTTP, GET /check/PROXY/NAMESPACE/SERVICEACCOUNT; mTLS unless loopback or a unix socket. Absent: nowhere.',
    ),
  admin: field.anyListeners
    .prefault('unix:./run/admin.sock')
    .describe(
      'HTTP and JSON for operators; unix sockets (mode 0600 unless told), or TCP, always with mTLS; one or a list.',
    ),
  health: field.anyListener
    .prefault('127.0.0.1:9909')
    .describe('GET /healthz /readyz /metrics; TLS unless loopback or a unix socket.'),
  feed: field.anyListener
    .optional()
    .describe(
      'Where deciders elsewhere follow this authority; a unix socket, or TCP, always with TLS. Absent: nowhere.',
    ),
  istioCa: field.tcpListener
    .optional()
    .describe(
      "Istio's CA API, for callers that hold an SVID or a service account token; TCP, always with TLS. Absent: nowhere.",
    ),
  xds: field.tcpListener
    .optional()
    .describe(
      'Where Envoys that decide themselves, and hold an SVID, get the policy of their workload; TCP, always with mTLS. The Workload API has the same. Absent: nowhere else.',
    ),
  accessLog: field.tcpListener
    .optional()
    .describe(
      'Where Envoys that decide themselves, and hold an SVID, tell of what they have decided; TCP, always with mTLS. They may tell where they get their policy too. Absent: nowhere else.',
    ),
  bundle: field.oneSidedListener
    .optional()
    .describe(
      'The bundle of our trust domain, GET /, for servers of others: https_spiffe with an SVID of ours, https_web with files; TCP. Absent: nowhere.',
    ),
  oidc: field.oneSidedListener
    .optional()
    .describe(
      'OpenID Connect discovery and the keys of JWT-SVIDs, for anybody; TCP, always with TLS. Absent: nowhere.',
    ),
  admission: field.oneSidedListener
    .optional()
    .describe("The cluster's admission webhook, POST /validate; TCP, always with TLS. Absent: nowhere."),
});
