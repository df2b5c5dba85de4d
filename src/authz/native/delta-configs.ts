/**
 * ECDS, incremental: DeltaExtensionConfigs.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
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

/** Responses that wait for an answer, of which the Envoy's word still counts. */
const MOST_UNANSWERED = 16;

/**
 * Answers with the configurations that changed. Nothing is ever said to be removed: an Envoy would fall back to its default, and
 * one without a default would answer 500.
 *
 * @see xDS protocol, "Incremental xDS"
 */
export async function* deltaConfigs(
  deps: NativeDeps,
  callerOf: CallerOf,
  requests: AsyncIterable<DeltaDiscoveryRequest>,
  context: CallContext,
): AsyncGenerator<DeltaDiscoveryResponse> {
  using caller = callerOf(context);
  using subscriber = openSubscriber(deps, caller, context);
  let isStarted = false;
  const names = new Set<string>();
  /** By name the version that it was sent last or came with; and those that it has by its own word. */
  const has = new Map<string, string>();
  const holds = new Map<string, string>();
  const unanswered = new Map<string, Sent>();
  let last: Sent | undefined;
  const incoming = follow(requests, caller, (request) => {
    requireRequestFor(CONFIG_TYPE_URL, DeltaDiscoveryRequestSchema, request);
    if (!isStarted) {
      isStarted = true;
      subscriber.introduce(request.node);
      for (const [name, version] of Object.entries(request.initialResourceVersions)) {
        has.set(name, version);
        holds.set(name, version);
      }
    }
    for (const name of request.resourceNamesSubscribe) {
      names.add(name);
      // Asked for anew, it must be answered, unless it came with the version that it still has.
      if (!Object.hasOwn(request.initialResourceVersions, name)) has.delete(name);
    }
    for (const name of request.resourceNamesUnsubscribe) {
      names.delete(name);
      has.delete(name);
      holds.delete(name);
    }
    const answered = unanswered.get(request.responseNonce);
    if (answered === undefined) return;
    unanswered.delete(request.responseNonce);
    if (request.errorDetail !== undefined) subscriber.refused(answered.configs, request.errorDetail.message);
    else for (const { name, version } of answered.configs) holds.set(name, version);
  });
  while (!context.signal.aborted && !incoming.ended()) {
    if (isStarted) {
      const configs = await subscriber.wanted(names);
      const changed = configs.filter(({ name, version }) => has.get(name) !== version);
      if (changed.length > 0) {
        last = { nonce: nextNonce(last), configs: changed };
        unanswered.set(last.nonce, last);
        if (unanswered.size > MOST_UNANSWERED) unanswered.delete([...unanswered.keys()][0]!);
        for (const { name, version } of changed) has.set(name, version);
        subscriber.sent(changed);
        yield responseOf(last);
      }
      subscriber.holds(configs.filter(({ name, version }) => holds.get(name) === version));
    }
    await caller.changed();
  }
}

function responseOf({ nonce, configs }: Sent): DeltaDiscoveryResponse {
  return create(DeltaDiscoveryResponseSchema, {
    systemVersionInfo: nonce,
    resources: configs.map(({ name, version, resource }) => create(ResourceSchema, { name, version, resource })),
    typeUrl: CONFIG_TYPE_URL,
    nonce,
  });
}
