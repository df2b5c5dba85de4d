/**
 * ECDS, state of the world: StreamExtensionConfigs.
 * @module
 */
import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import type { CallContext } from '../../transport/grpc-methods.ts';
import { follow, requireRequestFor } from '../../transport/xds/discovery-request.ts';
import { CONFIG_TYPE_URL, type NativeConfig } from './native-config.ts';
import type { CallerOf, NativeDeps } from './native-deps.ts';
import { nextNonce, openSubscriber } from './subscriber.ts';

interface Sent {
  readonly nonce: string;
  readonly configs: readonly NativeConfig[];
}

/**
 * Answers with all configurations that the stream asks for, at once and whenever one of them changes. Who comes with the version
 * that it is to have is sent nothing. A name that means nothing is left out.
 *
 * @see xDS protocol, "State of the World"
 */
export async function* streamConfigs(
  deps: NativeDeps,
  callerOf: CallerOf,
  requests: AsyncIterable<DiscoveryRequest>,
  context: CallContext,
): AsyncGenerator<DiscoveryResponse> {
  using caller = callerOf(context);
  using subscriber = openSubscriber(deps, caller, context);
  /** Undefined until the first request. */
  let names: readonly string[] | undefined;
  let broughtVersion = '';
  /** The last response, and whether the Envoy has said what it makes of it. */
  let last: Sent | undefined;
  let isAnswered = true;
  /** What it was sent last or came with; and what it has by its own word. */
  let has: readonly NativeConfig[] = [];
  let holds: readonly NativeConfig[] = [];
  const incoming = follow(requests, caller, (request) => {
    requireRequestFor(CONFIG_TYPE_URL, DiscoveryRequestSchema, request);
    const { responseNonce, errorDetail, resourceNames, versionInfo } = request;
    if (names === undefined) {
      subscriber.introduce(request.node);
      broughtVersion = versionInfo;
    }
    // Before anything was sent, a nonce is of a stream that is gone: Envoys may bring one when they come again.
    const answered = responseNonce === '' ? undefined : last;
    if (answered !== undefined && responseNonce !== answered.nonce) return; // of a response that another has followed
    names = resourceNames;
    if (answered === undefined || isAnswered) return;
    isAnswered = true;
    if (errorDetail === undefined) holds = answered.configs;
    else subscriber.refused(answered.configs, errorDetail.message);
  });
  while (!context.signal.aborted && !incoming.ended()) {
    if (names !== undefined) {
      const configs = await subscriber.wanted(names);
      if (last === undefined && broughtVersion !== '' && broughtVersion === versionOf(configs)) holds = has = configs;
      if (configs.length > 0 && versionOf(configs) !== versionOf(has)) {
        last = { nonce: nextNonce(last), configs };
        isAnswered = false;
        has = configs;
        subscriber.sent(configs);
        yield responseOf(last);
      }
      subscriber.holds(
        configs.filter(({ name, version }) => holds.some((h) => h.name === name && h.version === version)),
      );
    }
    await caller.changed();
  }
}

function responseOf({ nonce, configs }: Sent): DiscoveryResponse {
  return create(DiscoveryResponseSchema, {
    versionInfo: versionOf(configs),
    resources: configs.map(({ resource }) => resource),
    typeUrl: CONFIG_TYPE_URL,
    nonce,
  });
}

/** Of all that are sent together, so that who comes again with other names has another one. */
function versionOf(configs: readonly NativeConfig[]): string {
  if (configs.length < 2) return configs[0]?.version ?? '';
  const all = configs.map(({ name, version }) => `${name}@${version}`).sort();
  return createHash('sha256').update(all.join()).digest('hex').slice(0, 16);
}
