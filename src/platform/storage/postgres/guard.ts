/**
 * What a statement in PostgreSQL may throw, and when it is given again.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GatehouseError } from '../../../errors.ts';
import { reasonOf, within } from './host.ts';
import type { PostgresHosts } from './hosts.ts';

const ATTEMPTS = 4;
const RETRY_MS = 20;

/** Runs statements. @throws GatehouseError `store_unavailable`, or what `work` throws of ours */
export type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Whatever PostgreSQL or the way to it throws is `store_unavailable`, and so is silence beyond the deadline: a server that is
 * frozen answers nothing and closes nothing. What certainly did nothing, at a server that is a standby by now, say, is given
 * again to the one that can write. What a step throws goes through.
 *
 * @param deadlineMs  of all attempts together
 */
export function guardWith(hosts: PostgresHosts, deadlineMs: number): Guard {
  return async (work) => {
    const turn = async (attempt: number): ReturnType<typeof work> => {
      await hosts.ready();
      try {
        return await work();
      } catch (thrown) {
        const again = !(thrown instanceof GatehouseError) && hosts.failed(thrown) && attempt < ATTEMPTS;
        if (!again) throw thrown;
      }
      await delay(attempt * RETRY_MS);
      return turn(attempt + 1);
    };
    try {
      return await within(deadlineMs, turn(1));
    } catch (thrown) {
      if (thrown instanceof GatehouseError) throw thrown;
      hosts.failed(thrown); // silence, too
      const reason = reasonOf(thrown);
      throw new GatehouseError(
        'store_unavailable',
        `the PostgreSQL store fails: ${reason}`,
        { reason },
        { cause: thrown },
      );
    }
  };
}
