/**
 * Who is in the way of a step of rotation, for people.
 * @module
 */
import type { GateDetails } from '../../admin-api/errors.ts';
import type { Look } from '../terminal/look.ts';
import { textTable } from '../terminal/text-table.ts';

type Blocked = Pick<GateDetails, 'blockers' | 'blockerCount' | 'etaSeconds'>;

const MOST_SHOWN = 20;

/** One line a blocker, at most 20, and when all of it will be over. */
export function blockerTable({ blockers, blockerCount, etaSeconds }: Blocked, nowMs: number, look: Look): string {
  const rows = blockers
    .slice(0, MOST_SHOWN)
    .map((each) => [
      each.spiffeId || '(unknown)',
      each.consumer || each.protocol,
      each.grade,
      `${each.holdsSequence} of ${each.needsSequence}`,
      each.lastSeenAt === null ? 'never' : ago(Date.parse(each.lastSeenAt), nowMs),
      each.doneBy === null ? 'not by waiting' : inTime(Date.parse(each.doneBy), nowMs),
    ]);
  const more = blockerCount > rows.length ? `… and ${blockerCount - rows.length} more\n` : '';
  const table = textTable(['WHO', 'CONSUMER', 'GRADE', 'HOLDS', 'LAST SEEN', 'DONE'], rows, 'nobody', look);
  return `${table}${more}${podText(blockers)}${etaText(etaSeconds)}\n`;
}

/** What a kubelet has mounted nobody else can replace. */
function podText(blockers: Blocked['blockers']): string {
  if (!blockers.some(({ protocol, serial }) => protocol === 'pod-certificate' && serial !== '')) return '';
  return 'protocol pod-certificate: only the kubelet replaces what it has mounted; what must not be trusted any more at once is revoked with gatehouse svid revoke\n';
}

/** When time alone will have opened the gate. */
export function etaText(etaSeconds: number | null): string {
  if (etaSeconds === null) return 'waiting alone does not end this: those marked so must be seen to, or overridden';
  return etaSeconds === 0 ? 'open now' : `all done in ${lengthText(etaSeconds * 1000)} at the latest`;
}

const ago = (atMs: number, nowMs: number): string => `${lengthText(nowMs - atMs)} ago`;
const inTime = (atMs: number, nowMs: number): string => (atMs <= nowMs ? 'now' : `in ${lengthText(atMs - nowMs)}`);

/** A length of time in its two largest units, e.g. `3 h 20 min`. */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0 s';
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}
