/**
 * Lists of who is in the way, a page at a time: there may be a hundred thousand, and neither an answer nor the server's other work
 * may grow with them.
 * @module
 */
import type { BlockerRow, GateDetails } from '../../admin-api/errors.ts';
import type { Blocker } from '../../identity/authority/rotate/gate.ts';
import { finishInSlices, sortWork, type Work } from '../../lib/work.ts';
import { maybeTime } from './time-text.ts';

/** What is asked for. */
export interface BlockerQuery {
  readonly limit: number;
  /** `next` of the page before; absent: the first. */
  readonly page?: string | undefined;
}

const SLICE_MS = 2;

/** The first page, as long as is usual. */
export const FIRST_PAGE: BlockerQuery = { limit: 1_000 };

/** One page: first who does not go by waiting, then by name; how many there are at all, and where the next page begins. */
export async function pageOfBlockers(
  blockers: readonly Blocker[],
  { limit, page }: BlockerQuery,
): Promise<Omit<GateDetails, 'etaSeconds'>> {
  const after = page === undefined ? '' : Buffer.from(page, 'base64url').toString();
  const sorted = (await finishInSlices(sortedBeyond(blockers, after), SLICE_MS, () => true)) ?? []; // it is always wanted
  const last = sorted.length > limit ? sorted[limit - 1] : undefined;
  return {
    blockers: sorted.slice(0, limit).map(({ blocker }) => blockerRow(blocker)),
    blockerCount: blockers.length,
    ...(last && { next: Buffer.from(last.key).toString('base64url') }),
  };
}

interface Keyed {
  readonly key: string;
  readonly blocker: Blocker;
}

function* sortedBeyond(blockers: readonly Blocker[], after: string): Work<Keyed[]> {
  const keyed: Keyed[] = [];
  for (const blocker of blockers) {
    const key = keyOf(blocker);
    if (key > after) keyed.push({ key, blocker });
    yield;
  }
  return yield* sortWork(keyed, (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

const keyOf = ({ doneBy, spiffeId, consumer, protocol, serial }: Blocker): string =>
  [doneBy === undefined ? '0' : '1', spiffeId, consumer, protocol, serial].join('\n');

/** Somebody who would break, as the contract shows him. */
function blockerRow({ lastSeenAt, doneBy, ...rest }: Blocker): BlockerRow {
  return { ...rest, lastSeenAt: maybeTime(lastSeenAt), doneBy: maybeTime(doneBy) };
}
