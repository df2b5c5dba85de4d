/**
 * Signs that a renewal did harm, reported to the authority, which pauses a taint by them: TLS handshakes of ours that fail for want
 * of trust, and Checks that are denied because no bundle vouches for the peer's certificate.
 *
 * Only the holder of an SVID of ours is a witness: by the certificate that the peer shows, or, where the peer distrusts ours and
 * shows none, by the one that was proved from its address before. Anybody can fail a handshake.
 * @module
 */

import { createPeerReader } from '../authz/facts/peer-certificate.ts';
import type { RedactedDecision } from '../authz/record/redacted-decision.ts';
import { CheckRequest } from '../authz/wire/check-request.ts';
import type { Log } from '../platform/observe/log.ts';
import type { HandshakeFailure } from '../transport/listen/tls-front.ts';
import type { HandshakeTable } from './log/handshake-table.ts';

/** Gets the reports: the authority, or what stands for it where it is elsewhere. */
export interface RefusalReceiver {
  /** @param certificate  the peer's, DER: of ours or of anybody */
  refused(certificate: Uint8Array): void;
}

/** Takes signs of refusal from listeners and deciders. */
export interface RefusalReports {
  /** @param listener  e.g. `feed`, for the log */
  handshakeFailed(listener: string, failure: HandshakeFailure): void;
  /** Looks at a decision; reports its peer where no bundle vouches for the peer's certificate. */
  decided(decision: RedactedDecision): void;
  /** Hands over the reports that have come so far, and from now on each as it comes. Called once. */
  deliverTo(receiver: RefusalReceiver): void;
}

/** Reports that wait for a receiver; a start lasts seconds, and each is one certificate. */
const MOST_WAITING = 1_000;

/** Creates the reports; until `deliverTo` is called the first 1,000 wait, and what comes beyond them is said in the log. */
export function createRefusalReports(
  log: Pick<Log, 'info' | 'warn'>,
  handshakes: Pick<HandshakeTable, 'count'>,
): RefusalReports {
  const readPeer = createPeerReader();
  const view = new CheckRequest();
  const waiting: Uint8Array[] = [];
  const wait = (certificate: Uint8Array): void => {
    if (waiting.length < MOST_WAITING) waiting.push(certificate);
    else log.warn('a refusal is not reported to the authority: too many came before it was opened');
  };
  let report = wait;
  return {
    handshakeFailed(listener, { reason, remote, untrusted, certificate }) {
      handshakes.count(listener, reason);
      log.info({ remote }, `${listener}: the TLS handshake of ${remote} failed: ${reason}`);
      if (untrusted && certificate !== undefined) report(certificate);
    },
    decided({ decision, request }) {
      if (decision.reason !== 'peer_not_verified' || request === undefined) return;
      try {
        view.read(Buffer.from(request.buffer, request.byteOffset, request.byteLength));
      } catch {
        return; // it named no peer that could be read
      }
      const peer = readPeer(view);
      if (typeof peer === 'object') report(peer.der);
    },
    deliverTo(receiver) {
      report = (certificate) => receiver.refused(certificate);
      for (const certificate of waiting.splice(0)) report(certificate);
    },
  };
}
