/**
 * Envoy's extension configuration discovery service, v3: what an Envoy decides by itself.
 * @module
 */
import { ExtensionConfigDiscoveryService } from '../../gen/envoy/service/extension/v3/config_discovery_pb.ts';
import { bidiStreaming, type GrpcMethod } from '../../transport/grpc-methods.ts';
import { deltaConfigs } from './delta-configs.ts';
import type { CallerOf, NativeDeps } from './native-deps.ts';
import { streamConfigs } from './stream-configs.ts';

/** StreamExtensionConfigs and DeltaExtensionConfigs. @param callerOf  who is at the other end, on the sockets where they are served */
export function ecdsMethods(deps: NativeDeps, callerOf: CallerOf): GrpcMethod[] {
  const { streamExtensionConfigs: stream, deltaExtensionConfigs: delta } = ExtensionConfigDiscoveryService.method;
  return [
    bidiStreaming(stream, (requests, context) => streamConfigs(deps, callerOf, requests, context)),
    bidiStreaming(delta, (requests, context) => deltaConfigs(deps, callerOf, requests, context)),
  ];
}
