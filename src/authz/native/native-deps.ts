/**
 * What delivery of policies to Envoys works with.
 * @module
 */
import type { Watchable } from '../../lib/watchable.ts';
import type { Destination } from '../../policy/facts.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { CallContext } from '../../transport/grpc-methods.ts';
import type { SaidOfWorkload } from './envoy-build.ts';
import type { Holders } from './holders.ts';
import type { NativeConfig } from './native-config.ts';

/** A workload that an Envoy protects, as far as the Envoy may say. */
export interface NativeWorkload extends Destination {
  readonly trustedHops: number;
  /** It is a gateway, which has said itself how many hops it trusts. */
  readonly isGateway: boolean;
}

/** The same for workloads that no policy can tell apart. */
export function keyOf({ spiffeId, labels, trustedHops, isGateway }: NativeWorkload): string {
  return JSON.stringify([
    spiffeId,
    trustedHops,
    isGateway,
    labels && Object.entries(Object.fromEntries(labels)).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

/** Whoever has opened a stream, until disposed. */
export interface NativeCaller extends Disposable {
  /** Never empty; the first is the default identity. @throws GatehouseError `not_entitled`, `attestation_failed`: the stream must end */
  identities(): Promise<readonly SpiffeId[]>;
  /** Resolves when who it is may have changed, at a wake, or at the end of the call. */
  changed(): Promise<void>;
  wake(): void;
}

/** The policy of one workload, followed until disposed. */
export interface FollowedPolicy extends Disposable {
  /** By name; another map after every change of policy that concerns the workload. */
  readonly configs: ReadonlyMap<string, NativeConfig>;
}

export interface NativeDeps {
  workloadOf(spiffeId: SpiffeId, said: SaidOfWorkload): NativeWorkload | undefined;
  /** @param changed  called after every change that concerns the workload */
  follow(workload: NativeWorkload, changed: () => void): FollowedPolicy;
  /** By name. */
  readonly revocations: Watchable<ReadonlyMap<string, NativeConfig>>;
  readonly holders: Holders;
  readonly observer: NativeObserver;
}

/** Logs and counters, as delivery needs them. */
export interface NativeObserver {
  streamOpened(): void;
  streamClosed(): void;
  sent(config: NativeConfig): void;
  /** An Envoy refused what was sent (a NACK), and asks about everything until there is another version. */
  refused(spiffeId: SpiffeId, node: string, config: NativeConfig, words: string): void;
}

/** Tells who is at the other end of a call. */
export type CallerOf = (context: CallContext) => NativeCaller;
