/**
 * The feed's door on the authority's side.
 * @module
 */
import type { DeciderProof, FeedDeps } from '../../identity/delivery/feed/feed-deps.ts';
import { feedMethods } from '../../identity/delivery/feed/feed-methods.ts';
import { deciderIdOf } from '../../spiffe/own-ids.ts';
import type { Connection } from '../../transport/listen/connections.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { type GrpcListener, type GrpcListenerDeps, openGrpcListener } from '../listeners/grpc-listener.ts';
import { callerSvidOf, type IdentifyCaller } from '../tls/callers.ts';

export interface FeedListenerDeps
  extends Omit<FeedDeps, 'deciderAt'>,
    Pick<GrpcListenerDeps, 'identity' | 'handshakeFailed' | 'connections'> {
  readonly identify: IdentifyCaller;
}

/** Opens it; a decider that joins has no certificate yet. @throws GatehouseError `address_in_use`, `config_invalid` */
export function openFeedListener(at: ListenAddress, deps: FeedListenerDeps): Promise<GrpcListener> {
  const deciderId = deciderIdOf(deps.source.trustDomain);
  const deciderAt = ({ listener, credentials, peerCertificate }: Connection): DeciderProof | undefined => {
    if (listener.kind === 'unix') {
      const isOurs = credentials !== undefined && (credentials.uid === 0 || credentials.uid === process.geteuid?.());
      return isOurs ? { by: 'socket' } : undefined;
    }
    if (peerCertificate === undefined || deps.identify(peerCertificate) !== deciderId) return undefined;
    const caller = callerSvidOf(peerCertificate, deps.source.trustDomain);
    return caller && { by: 'svid', serial: caller.serial };
  };
  const { identity, identify, handshakeFailed, observer, connections } = deps;
  return openGrpcListener(at, {
    methods: feedMethods({ ...deps, deciderAt }),
    failed: (method, error) => observer.failed(method, error),
    identity,
    identify,
    handshakeFailed,
    connections,
  });
}
