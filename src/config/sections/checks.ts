/**
 * `extAuthz`: how Checks are answered.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

/** `extAuthz`. */
export const extAuthz = z.strictObject({
  transport: z.enum(['lane', 'grpc-js']).prefault('lane').describe('Our own HTTP/2 server, or that of grpc-js.'),
  workers: z
    .union([z.int().min(1).max(256), z.literal('auto')], { error: 'must be a number from 1 to 256, or auto' })
    .prefault(1)
    .describe('Decider processes; auto: one a core.'),
  trustedHops: z.int().min(0).max(255).prefault(0).describe('Proxies in front whose X-Forwarded-For is believed.'),
  clients: z.array(field.spiffeId).prefault([]).describe('Who may ask about any destination: gateways, waypoints.'),
  verifyPeer: z
    .enum(['off', 'observe', 'enforce'])
    .prefault('observe')
    .describe('Whether the peer certificate that Envoy sends is checked against our own bundles; observe only counts.'),
  peerTrustDomains: z
    .enum(['any', 'own'])
    .prefault('any')
    .describe('own: peers of other trust domains are denied, as by Istio.'),
  decisionHeader: z
    .boolean()
    .prefault(false)
    .describe('Tell clients which policy decided, in the response header x-gatehouse-decision.'),
  ambiguousRequests: z
    .enum(['asUpstream', 'deny'])
    .prefault('asUpstream')
    .describe('deny: refuse paths, hosts and names of peers that may be read in two ways.'),
  httpAmbiguousRequests: z
    .enum(['asUpstream', 'deny'])
    .prefault('deny')
    .describe(
      'The same where a proxy asks by HTTP: what stands behind it may get another spelling than was asked about.',
    ),
});
