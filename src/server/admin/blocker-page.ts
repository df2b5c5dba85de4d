/**
 * Lists of who is in the way, a page at a time: there may be a hundred thousand, and neither an answer nor the server's other work
 * may grow with them.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Blocker } from '../../identity/authority/rotate/gate.ts';
import { finishInSlices, sortWork, type Work } from '../../lib/work.ts';
import { limitOf } from './limit.ts';
import { maybeTime } from './time-text.ts';

/** What is asked for. */
export interface BlockerQuery {
  readonly limit: number;
  /** The key after which the page begins; empty: the first. */
  readonly after: string;
}

const USUAL = 1_000;
const MOST = 10_000;
const SLICE_MS = 2;

/** The first page, as long as is usual. */
export const FIRST_PAGE: BlockerQuery = { limit: USUAL, after: '' };

/** Reads `?limit= &page=`. @throws GatehouseError `message_invalid` */
export function blockerQueryOf(query: URLSearchParams): BlockerQuery {
  const page = query.get('page');
  if (page !== null && !/^[A-Za-z0-9_-]{1,8192}$/.test(page))
    throw new GatehouseError('message_invalid', 'page must be what `next` of the page before said');
  return { limit: limitOf(query, USUAL, MOST), after: page === null ? '' : Buffer.from(page, 'base64url').toString() };
}

/** One page: first who does not go by waiting, then by name; how many there are at all, and where the next page begins. */
export async function pageOfBlockers(blockers: readonly Blocker[], { limit, after }: BlockerQuery) {
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
function blockerRow({ lastSeenAt, doneBy, ...rest }: Blocker) {
  return { ...rest, lastSeenAt: maybeTime(lastSeenAt), doneBy: maybeTime(doneBy) };
}
