/**
 * Tells log, metrics and readiness of the token that our keys are on.
 * @module
 */
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';

/** Hears of a token. */
export interface TokenTeller {
  /** Why it is away; `''`: it is there. */
  said(why: string): void;
  /** What is to be known of its configuration. */
  warn(message: string): void;
}

export interface TokenTellerDeps {
  readonly board: Pick<ReadinessBoard, 'degrade'>;
  readonly log: Pick<Log, 'error' | 'warn'>;
  readonly metrics: Pick<Metrics, 'setTokenUp'>;
}

/** Creates it. Nothing new is signed with keys on a token that is away; what was signed goes on, and so do Checks. */
export function tokenTeller({ board, log, metrics }: TokenTellerDeps): TokenTeller {
  let before = '';
  return {
    said(why) {
      metrics.setTokenUp(why === '');
      board.degrade('key-token', why === '' ? [] : [`authority.keyStore: ${why}`]);
      if (why !== '') log.error({ code: 'keys_unavailable' }, `authority.keyStore: ${why}`);
      else if (before !== '') log.warn({ code: 'keys_unavailable' }, 'authority.keyStore: the token is back');
      before = why;
    },
    warn: (message) => log.warn({ code: 'pin_file' }, message),
  };
}
