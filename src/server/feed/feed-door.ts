/**
 * The feed's door on the authority's side.
 * @module
 */
import type { FeedDeps } from '../../identity/delivery/feed/feed-deps.ts';
import { feedMethods } from '../../identity/delivery/feed/feed-methods.ts';
import type { Watchable } from '../../lib/watchable.ts';
import { deciderIdOf } from '../../spiffe/own-ids.ts';
import type { Connection } from '../../transport/connections.ts';
import { createGrpcServer } from '../../transport/grpc-server.ts';
import type { ListenAddress } from '../../transport/listen-address.ts';
import { listen } from '../../transport/listener.ts';
import { createTlsFront, type TlsIdentity } from '../../transport/tls-front.ts';
import type { IdentifyCaller } from '../tls/callers.ts';

export interface FeedDoor extends AsyncDisposable {
  /** The address really bound. */
  readonly address: ListenAddress;
  /** Ends all streams, so that deciders look for another replica. */
  drain(graceMs: number): Promise<void>;
}

export interface FeedDoorDeps extends Omit<FeedDeps, 'isDecider'> {
  readonly identity: Watchable<TlsIdentity | undefined>;
  readonly identify: IdentifyCaller;
  readonly handshakeFailed: (reason: string, remote: string) => void;
}

/** Requests are small: a certificate request, what a decider holds. */
const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_CALLS_PER_CONNECTION = 10;

/** Opens it. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openFeedDoor(at: ListenAddress, deps: FeedDoorDeps): Promise<FeedDoor> {
  const deciderId = deciderIdOf(deps.source.trustDomain);
  const isDecider = ({ listener, credentials, peerCertificate }: Connection): boolean =>
    listener.kind === 'unix'
      ? credentials !== undefined && (credentials.uid === 0 || credentials.uid === process.geteuid?.())
      : deps.identify(peerCertificate) === deciderId;
  const grpc = createGrpcServer({
    methods: feedMethods({ ...deps, isDecider }),
    limits: { maxReceiveMessageBytes: MAX_REQUEST_BYTES, maxConcurrentStreams: MAX_CALLS_PER_CONNECTION },
    failed: (method, error) => deps.observer.failed(method, error),
  });
  // A decider that joins has no certificate yet.
  const front = createTlsFront(deps.identity, { protocol: 'h2', callers: 'any', failed: deps.handshakeFailed });
  const listener = await listen(at);
  const { address } = listener;
  listener.server.on('connection', (socket) => {
    if (address.kind === 'unix') grpc.accept(socket, address);
    else front.secure(socket, (secured, certificate) => grpc.accept(secured, address, certificate));
  });
  const drain = async (graceMs: number): Promise<void> => {
    const closing = listener[Symbol.asyncDispose]();
    front[Symbol.dispose]();
    await grpc.drain(graceMs);
    await closing;
  };
  return { address, drain, [Symbol.asyncDispose]: () => drain(0) };
}
