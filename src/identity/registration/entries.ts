/**
 * The set of entries, from what was written.
 * @module
 */
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { type Entry, socketSelector } from './entry.ts';

/** A workload that may have a socket of its own, which entitles whoever can open it. */
export interface WrittenWorkload {
  readonly spiffeId: SpiffeId;
  readonly socket: { readonly path: string } | undefined;
  readonly federatesWith: readonly TrustDomain[];
  readonly origin: string;
}

export interface Terms {
  readonly x509SvidTtlMs: number;
  readonly jwtSvidTtlMs: number;
}

/** All entries in force: those written as such, in their order, then one for each workload's own socket. */
export function entriesOf(
  entries: readonly Entry[],
  workloads: readonly WrittenWorkload[],
  { x509SvidTtlMs, jwtSvidTtlMs }: Terms,
): Entry[] {
  const bound = workloads.flatMap(({ spiffeId, socket, federatesWith, origin }) =>
    socket === undefined
      ? []
      : [
          {
            ...{ spiffeId, selectors: [socketSelector(socket.path)], x509SvidTtlMs, jwtSvidTtlMs },
            ...{ dnsNames: [], hint: '', federatesWith, origin },
          },
        ],
  );
  return [...entries, ...bound];
}
