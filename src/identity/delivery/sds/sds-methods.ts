/**
 * Envoy's secret discovery service, v3.
 * @module
 */
import { SecretDiscoveryService } from '../../../gen/envoy/service/secret/v3/sds_pb.ts';
import { bidiStreaming, type GrpcMethod, unary } from '../../../transport/grpc-methods.ts';
import type { DeliveryDeps } from '../delivery-deps.ts';
import { deltaSecrets } from './delta-secrets.ts';
import { createSecretRules } from './secret-rules.ts';
import { fetchSecrets, streamSecrets } from './stream-secrets.ts';

/** StreamSecrets, DeltaSecrets and FetchSecrets. The caller is Envoy: what is attested is Envoy, not the application behind it. */
export function sdsMethods(deps: DeliveryDeps): GrpcMethod[] {
  const { streamSecrets: stream, deltaSecrets: delta, fetchSecrets: fetch } = SecretDiscoveryService.method;
  const rules = createSecretRules(deps.observer);
  return [
    bidiStreaming(stream, (requests, context) => streamSecrets(deps, rules, requests, context)),
    bidiStreaming(delta, (requests, context) => deltaSecrets(deps, rules, requests, context)),
    unary(fetch, (request, context) => fetchSecrets(deps, rules, request, context)),
  ];
}
