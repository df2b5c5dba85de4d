/**
 * Signs that a renewal did harm, told to the authority, which pauses a taint by them: handshakes of ours that fail for want of
 * trust, and Checks that were denied because no bundle vouches for the peer's certificate.
 *
 * Only a holder of an SVID of ours is a witness: by the certificate that he shows, or, where he distrusts ours and shows none, by
 * the one that he proved from his address before. Anybody can fail a handshake.
 * @module
 */

import { createPeerReader } from '../authz/facts/peer-certificate.ts';
import type { RedactedDecision } from '../authz/record/redacted-decision.ts';
import { CheckRequest } from '../authz/wire/check-request.ts';
import type { Log } from '../platform/observe/log.ts';
import type { HandshakeFailure } from '../transport/listen/tls-front.ts';

export interface Troubles {
  /** @param door  e.g. `feed`, for the log */
  handshakeFailed(door: string, failure: HandshakeFailure): void;
  decided(decision: RedactedDecision): void;
}

export interface TroublesDeps {
  readonly log: Pick<Log, 'info'>;
  /** Undefined: a stranger. */
  readonly holderOf: (certificate: Uint8Array) => string | undefined;
  /** Gets who had the trouble. */
  readonly report: (who: string) => void;
}

/** Creates them. */
export function createTroubles({ log, holderOf, report }: TroublesDeps): Troubles {
  const readPeer = createPeerReader();
  const view = new CheckRequest();
  const tell = (certificate: Uint8Array | undefined): void => {
    const who = certificate && holderOf(certificate);
    if (who !== undefined) report(who);
  };
  return {
    handshakeFailed(door, { reason, remote, untrusted, certificate }) {
      log.info({ remote }, `${door}: the TLS handshake of ${remote} failed: ${reason}`);
      if (untrusted) tell(certificate);
    },
    decided({ decision, request }) {
      if (decision.reason !== 'peer_not_verified' || request === undefined) return;
      try {
        view.read(Buffer.from(request.buffer, request.byteOffset, request.byteLength));
      } catch {
        return; // it named no peer that could be read
      }
      const peer = readPeer(view);
      if (typeof peer === 'object') tell(peer.der);
    },
  };
}
