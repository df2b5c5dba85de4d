/**
 * One Envoy's stream for its policy, answered in this process without a socket.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { deltaConfigs } from '../../src/authz/native/delta-configs.ts';
import { CONFIG_TYPE_URL } from '../../src/authz/native/native-config.ts';
import type { NativeCaller, NativeDeps } from '../../src/authz/native/native-deps.ts';
import { streamConfigs } from '../../src/authz/native/stream-configs.ts';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DiscoveryRequest,
  DiscoveryRequestSchema,
} from '../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';
import { createWakeup } from '../../src/lib/wakeup.ts';
import type { SpiffeId } from '../../src/spiffe/spiffe-id.ts';
import type { CallContext } from '../../src/transport/grpc-methods.ts';
import { eventually } from './eventually.ts';
import { unixAddress } from './workload-endpoint.ts';

/** What a request says of its Envoy. */
export const nodeOf = (
  id: string,
  [majorNumber, minorNumber, patch]: readonly [number, number, number] = [1, 40, 0],
  labels: Record<string, string> = {},
) => ({
  ...{ id, userAgentName: 'envoy', metadata: { LABELS: labels } },
  userAgentVersionType: {
    case: 'userAgentBuildVersion' as const,
    value: { version: { majorNumber, minorNumber, patch } },
  },
});

/** What came of a stream so far, e.g. `gatehouse.policy@5f3a…`. */
export interface NativeAnswer {
  readonly nonce: string;
  readonly version: string;
  readonly configs: readonly string[];
}

type Init<T> = Omit<Partial<T>, '$typeName' | '$unknown' | 'node' | 'errorDetail'> & {
  readonly node?: ReturnType<typeof nodeOf>;
  readonly errorDetail?: { readonly code: number; readonly message: string };
};

/** Opens a stream; it ends with `hangUp`. */
export function nativeStream(
  kind: 'sotw' | 'delta',
  deps: NativeDeps,
  identities: () => readonly SpiffeId[] | Promise<readonly SpiffeId[]>,
  token = 'c1',
) {
  const controller = new AbortController();
  const { signal } = controller;
  const wakeup = createWakeup();
  const caller = (): NativeCaller => ({
    identities: async () => identities(),
    changed: () => wakeup.wait(signal),
    wake: wakeup.wake,
    [Symbol.dispose]: () => undefined,
  });
  const requests: object[] = [];
  let more = Promise.withResolvers<void>();
  async function* words<T>(): AsyncGenerator<T> {
    for (;;) {
      while (requests.length > 0) yield requests.shift() as T; // what `send` has put there
      await more.promise;
      if (signal.aborted) return;
    }
  }
  const connection = {
    ...{ token, listener: unixAddress('/w'), credentials: undefined, remote: undefined, peerCertificate: undefined },
  };
  const context: CallContext = { connection, signal, metadata: { get: () => [] } };
  const answers: NativeAnswer[] = [];
  let failure: unknown;
  const heard = (nonce: string, version: string, of: readonly { readonly name: string; readonly version: string }[]) =>
    answers.push({ nonce, version, configs: of.map((each) => `${each.name}@${each.version}`) });
  const run = async (): Promise<void> => {
    if (kind === 'sotw')
      for await (const { nonce, versionInfo, resources } of streamConfigs(
        deps,
        caller,
        words<DiscoveryRequest>(),
        context,
      ))
        heard(
          nonce,
          versionInfo,
          resources.map(({ value }) => ({ name: nameIn(value), version: versionInfo })),
        );
    else
      for await (const { nonce, systemVersionInfo, resources, removedResources } of deltaConfigs(
        ...([deps, caller, words<DeltaDiscoveryRequest>(), context] as const),
      ))
        heard(nonce, systemVersionInfo, [
          ...resources,
          ...removedResources.map((name) => ({ name, version: 'removed' })),
        ]);
  };
  const over = run().catch((thrown: unknown) => {
    failure = thrown;
  });
  const push = (message: object): void => {
    requests.push(message);
    more.resolve();
    more = Promise.withResolvers();
  };
  return {
    answers,
    sotw: (init: Init<DiscoveryRequest>) =>
      push(create(DiscoveryRequestSchema, { typeUrl: CONFIG_TYPE_URL, ...init } as never)), // tests write plain objects
    delta: (init: Init<DeltaDiscoveryRequest>) =>
      push(create(DeltaDiscoveryRequestSchema, { typeUrl: CONFIG_TYPE_URL, ...init } as never)), // likewise
    wake: wakeup.wake,
    /** Waits for the answer of that number, from 1. */
    answer: (number: number) => eventually(`answer ${number}`, async () => answers[number - 1]),
    failure: () => eventually('the stream ended with an error', async () => failure),
    async hangUp() {
      controller.abort();
      more.resolve();
      await over;
    },
  };
}

/** The name is the first field of a `TypedExtensionConfig`. */
const nameIn = (value: Uint8Array): string => Buffer.from(value.subarray(2, 2 + value[1]!)).toString();
