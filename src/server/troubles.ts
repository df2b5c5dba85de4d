/**
 * Signs that a renewal did harm, told to the authority, which pauses a taint by them: handshakes of ours that fail for want of
 * trust, and Checks that were denied because no bundle vouches for the peer's certificate.
 * @module
 */
import type { Log } from '../platform/observe/log.ts';
import type { HandshakeFailure } from '../transport/tls-front.ts';
import type { DecisionRecord } from './log/decision-record.ts';

export interface Troubles {
  /** @param door  e.g. `feed`, for the log */
  handshakeFailed(door: string, failure: HandshakeFailure): void;
  decided(record: DecisionRecord): void;
}

/** Creates them; `report` gets who had the trouble. */
export function createTroubles(log: Pick<Log, 'info'>, report: (who: string) => void): Troubles {
  return {
    handshakeFailed(door, { reason, remote, untrusted }) {
      log.info({ remote }, `${door}: the TLS handshake of ${remote} failed: ${reason}`);
      if (untrusted) report(remote);
    },
    decided({ reason, source }) {
      if (reason === 'peer_not_verified') report(source?.principal || source?.address || '');
    },
  };
}
