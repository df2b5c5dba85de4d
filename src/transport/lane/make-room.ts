/**
 * Who has to give when all connections of a lane together have too much: places, bytes held, or output unread.
 * @module
 */
import { candidatesFor, leastBy, type Owner } from '../shares.ts';
import type { Connection } from './connection/connection.ts';
import type { Shared } from './connection/shared.ts';
import { isIdle } from './sweep.ts';
import { h2Error } from './wire/protocol.ts';

type Connections<P> = ReadonlySet<Connection<P>>;

/**
 * Makes room for one more of `owner`: of those who have most, the connection that has been idle longest goes, else the oldest of
 * those that have brought no call yet, else, where the newcomer has less than they have, the one that was quiet longest. False: none
 * may go.
 */
export function evictFor<P>(connections: Connections<P>, owner: Owner): boolean {
  const open = [...connections].filter(({ phase }) => phase !== 'closing');
  const { members, mustGive } = candidatesFor(open, owner);
  const evicted =
    leastBy(members.filter(isIdle), ({ activeAt }) => activeAt) ??
    leastBy(
      members.filter(({ answers }) => answers === 0),
      ({ openedAt }) => openedAt,
    ) ??
    (mustGive ? leastBy(members, ({ activeAt }) => activeAt) : undefined);
  evicted?.abandon('connections_full');
  return evicted !== undefined;
}

/** Makes the connection that holds most let go of an eighth of the limit. False: that is `asking`, or `size` bytes still have no room. */
export function freeHeldBytes<P>(connections: Connections<P>, lane: Shared<P>, asking: unknown, size: number): boolean {
  const { heldBytes } = lane.limits;
  const most = leastBy([...connections], (connection) => -connection.held);
  if (most === undefined || most === asking) return false;
  resetHeaviest(most, Math.max(size, heldBytes / 8));
  return lane.held + size <= heldBytes;
}

/** Resets streams, those that hold most first, until `size` bytes are free. */
function resetHeaviest<P>(connection: Connection<P>, size: number): void {
  const enough = connection.held - size;
  const heaviest = [...connection.streams.values()].sort((a, b) => b.held - a.held);
  for (const { id } of heaviest) {
    if (connection.held <= enough || connection.phase === 'closing') break;
    const outcome = connection.resetStream(id, h2Error.enhanceYourCalm, 'held_bytes');
    if (outcome !== undefined) connection.fail(outcome);
  }
  connection.flushSoon();
}

/** Ends connections, those with most output unread first, until all together have less than the limit. */
export function abandonUnread<P>(connections: Connections<P>, lane: Shared<P>): void {
  while (lane.unread > lane.limits.unreadBytes) {
    const most = leastBy([...connections], ({ unread }) => -unread.bytes);
    if (most === undefined || most.unread.bytes === 0) return;
    most.abandon('unread_output');
  }
}
