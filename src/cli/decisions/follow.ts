/**
 * Follows the decisions of a server: asks again and again for what has come since.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AdminClient } from '../../admin-api/client.ts';
import type { DecisionRow } from '../../admin-api/decisions.ts';
import type { Question } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';

export interface Follower {
  /** Ends after so many; undefined: at a signal. */
  readonly count: number | undefined;
  readonly show: (row: DecisionRow) => void;
  readonly note: (text: string) => void;
}

const EVERY_MS = 250;
const RETRY_MS = 1_000;
/** All that a server keeps. */
const MOST = 2_048;

/** Shows first the latest, as many as the question says, then each that comes, in order. Goes on when the server is away for a while. */
export async function followDecisions(
  client: AdminClient,
  question: Question<'GET /v1/decisions'>,
  { count, show, note }: Follower,
): Promise<0> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  let left = count ?? Number.POSITIVE_INFINITY;
  let after: string | undefined;
  let isAway = false;
  while (!stopping.signal.aborted && left > 0) {
    try {
      const asked = after === undefined ? question : { ...question, limit: MOST, after };
      const { decisions, next, gap } = await client.ask('GET /v1/decisions', asked);
      if (next === undefined)
        throw new GatehouseError(
          'not_supported',
          'that server is older than this program: its decisions cannot be followed',
        );
      if (isAway) note('the server answers again');
      isAway = false;
      if (gap === true) note('some decisions are missing here: more were made at once than the server keeps');
      for (const row of decisions.toReversed().slice(0, left)) show(row);
      left -= decisions.length;
      after = next;
    } catch (thrown) {
      if (!(thrown instanceof GatehouseError) || thrown.code !== 'unreachable' || after === undefined) throw thrown;
      if (!isAway) note(`${thrown.message}; trying again`);
      isAway = true;
    }
    if (left > 0)
      await delay(isAway ? RETRY_MS : EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
  return 0;
}
