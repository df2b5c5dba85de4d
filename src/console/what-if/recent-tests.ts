/**
 * Decisions that were made, as tests that can be decided again.
 * @module
 */
import type { DecisionRow } from '../../admin-api/decisions.ts';
import { ask } from '../session/ask.ts';

/** What is decided again, and of how many. */
export interface Replay {
  readonly tests: readonly unknown[];
  /** Decisions that were looked at. */
  readonly asked: number;
  /** Decisions that the server keeps. */
  readonly kept: number;
}

/** What a server keeps of each kind; more it does not tell at once. */
const MOST_KEPT = 2_048;
const AT_ONCE = 50;

/** Reads the latest; those whose request is not kept have none. @param read  is told how many have been looked at */
export async function recentTests(last: number, read: (count: number) => void): Promise<Replay> {
  const { decisions } = await ask('GET /v1/decisions', { limit: MOST_KEPT });
  const chosen = decisions.slice(0, last);
  const tests: unknown[] = [];
  for (let i = 0; i < chosen.length; i += AT_ONCE) {
    tests.push(...(await testsOf(chosen.slice(i, i + AT_ONCE))));
    read(Math.min(i + AT_ONCE, chosen.length));
  }
  read(last);
  return { tests, asked: chosen.length, kept: decisions.length };
}

async function testsOf(some: readonly DecisionRow[]): Promise<readonly unknown[]> {
  const told = await Promise.allSettled(some.map(({ id }) => ask('GET /v1/decisions/{id}', { id })));
  return told.flatMap((each) => {
    if (each.status === 'rejected' || each.value.test === null || each.value.test === undefined) return [];
    return [{ ...(each.value.test as object), name: each.value.record.id }];
  });
}
