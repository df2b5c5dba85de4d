/**
 * Waits for something that no event announces.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';

/** Far beyond what anything takes, also where twenty others want the same cores: its end is a fault, not a slow machine. */
const GENEROUS_MS = 120_000;

/** Thrown by what is asked when waiting longer is of no use. */
export class GiveUp extends Error {}

/**
 * Asks again every few milliseconds until the answer is not undefined, and returns it.
 *
 * @param what  named in the error, e.g. `envoy is ready`
 * @throws Error with the last thing that `ask` threw, after `timeoutMs`
 */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs = GENEROUS_MS,
): Promise<T> {
  const until = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      last = error;
    }
    if (Date.now() > until) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: last });
    await delay(15);
  }
}
