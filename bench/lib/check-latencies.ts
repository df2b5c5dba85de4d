/**
 * How long Checks take that are sent at a steady rate, whatever came of those before.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { checkClient, question } from '../../test/support/check-client.ts';

const CHECKS_PER_SECOND = 200;

/** Asks until `end` has come, or for as many seconds. Out: milliseconds from when each was due, sorted. */
export async function checkLatencies(target: string, end: Promise<unknown> | number): Promise<readonly number[]> {
  using client = checkClient(target);
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  let isOver = false;
  void (typeof end === 'number' ? delay(end * 1000) : end).then(() => {
    isOver = true;
  });
  const start = performance.now();
  for (let i = 0; !isOver; i += 1) {
    const dueAt = start + (i * 1000) / CHECKS_PER_SECOND;
    const wait = dueAt - performance.now();
    if (wait > 0) await delay(wait);
    running.push(client.ask(question('GET')).then(() => void latencies.push(performance.now() - dueAt)));
  }
  await Promise.all(running);
  return latencies.sort((a, b) => a - b);
}

/** The latency that `share` of the Checks stay below. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
