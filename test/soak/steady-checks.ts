/**
 * Checks at a steady rate whose verdicts are known.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { checkClient, question } from '../support/check-client.ts';

/** What became of them. */
export interface CheckTally {
  asked: number;
  /** Due while too many were under way: the machine has not given the client its time. */
  notAsked: number;
  /** Answered, but not as the policy says. */
  wrong: number;
  /** Not answered. */
  errors: number;
  /** The first that went wrong. */
  firstTrouble: string;
}

/** The policy lets GET in and nothing else. */
const questionsOf = (path: string) => [
  { request: question('GET', path), code: 0, status: 200 },
  { request: question('POST', path), code: 0, status: 403 },
];
const TICK_MS = 20;
/** A client that falls behind asks less, not everything at once later. */
const MOST_RUNNING = 100;

/** Asks `perSecond` Checks, about so many paths in turn, until it is told to stop; resolves when the last is answered. */
export async function steadyChecks(
  target: string,
  perSecond: number,
  stop: AbortSignal,
  paths: number,
): Promise<CheckTally> {
  const questions = Array.from({ length: paths }, (_, i) => questionsOf(`/details/word-${i}`)).flat();
  using client = checkClient(target);
  const tally: CheckTally = { asked: 0, notAsked: 0, wrong: 0, errors: 0, firstTrouble: '' };
  const running = new Set<Promise<void>>();
  const ask = async (number: number): Promise<void> => {
    const { request, status } = questions[number % questions.length]!;
    const outcome = await client.ask(request);
    if (outcome.code === 0 && 'status' in outcome && outcome.status === status) return;
    if (outcome.code === 0) tally.wrong += 1;
    else tally.errors += 1;
    tally.firstTrouble ||= `${status} was wanted: ${JSON.stringify(outcome)}`;
  };
  const startMs = performance.now();
  while (!stop.aborted) {
    const due = ((performance.now() - startMs) * perSecond) / 1000;
    for (; tally.asked + tally.notAsked < due && running.size < MOST_RUNNING; tally.asked += 1) {
      const one = ask(tally.asked).finally(() => running.delete(one));
      running.add(one);
    }
    tally.notAsked += Math.max(0, Math.floor(due) - tally.asked - tally.notAsked);
    await delay(TICK_MS);
  }
  await Promise.all(running);
  return tally;
}
