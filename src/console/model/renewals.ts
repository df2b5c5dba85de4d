/**
 * Whose certificate is how far in its life.
 * @module
 */
import type { LedgerAnswer } from '../../admin-api/ledger.ts';
import type { StatusAnswer } from '../../admin-api/status.ts';

type Issuance = LedgerAnswer['rows'][number];

/** The newest certificate of a workload and consumer. */
export interface Held {
  readonly spiffeId: string;
  readonly serial: string;
  readonly authorityId: string;
  readonly channel: string;
  readonly issuedAt: string;
  readonly notAfter: string;
  /** Of its life, 0 to 1 and beyond. */
  readonly used: number;
  /** Clients renew at half of it; who has not done so by three quarters renews late. */
  readonly isLate: boolean;
}

const LATE = 0.75;

/** The newest of each SPIFFE ID and channel, the one that ends first first. @param nowMs  milliseconds since 1970 */
export function heldOf(rows: readonly Issuance[], nowMs: number): readonly Held[] {
  const newest = new Map<string, Issuance>();
  for (const row of rows) {
    if (row.kind !== 'x509') continue;
    const key = JSON.stringify([row.spiffeId, row.channel]);
    const known = newest.get(key);
    if (known === undefined || Date.parse(row.issuedAt) > Date.parse(known.issuedAt)) newest.set(key, row);
  }
  return [...newest.values()]
    .map(({ spiffeId, serial, authorityId, channel, issuedAt, notAfter }) => {
      const [begun, ends] = [Date.parse(issuedAt), Date.parse(notAfter)];
      const used = ends > begun ? (nowMs - begun) / (ends - begun) : 1;
      return { spiffeId, serial, authorityId, channel, issuedAt, notAfter, used, isLate: used > LATE };
    })
    .sort((a, b) => Date.parse(a.notAfter) - Date.parse(b.notAfter));
}

/** How many were issued by which authority in each of some spans of time. */
export function issuedOverTime(rows: readonly Issuance[], spans: number) {
  const times = rows.map(({ issuedAt }) => Date.parse(issuedAt) / 1_000).filter(Number.isFinite);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const step = times.length === 0 ? 1 : Math.max(1, (last - first) / spans);
  const authorities = [...new Set(rows.map(({ authorityId }) => authorityId))].sort();
  const count = times.length === 0 ? 0 : Math.floor((last - first) / step) + 1;
  const series = authorities.map(() => new Array<number>(count).fill(0));
  for (const { issuedAt, authorityId } of rows) {
    const span = Math.floor((Date.parse(issuedAt) / 1_000 - first) / step);
    const counts = series[authorities.indexOf(authorityId)];
    if (counts?.[span] !== undefined) counts[span] += 1;
  }
  return { authorities, at: Array.from({ length: count }, (_, i) => first + i * step), series };
}

type Follower = NonNullable<StatusAnswer['followers']>[number];

/** Whether everybody has the revocations, in words. @param sequence  of the last revocation */
export function whoHas(followers: readonly Follower[], sequence: number) {
  const behind = followers.filter(({ revocationSequence }) => revocationSequence < sequence);
  const isWhole = behind.length === 0;
  const named = behind.slice(0, 10).map(({ decider }) => decider);
  const more = behind.length > named.length ? ` and ${behind.length - named.length} more` : '';
  if (followers.length === 0)
    return { isWhole, text: 'The deciders of this server have all of them; no other server follows it.' };
  if (isWhole)
    return {
      isWhole,
      text: `Everybody has all of them: the deciders of this server, and ${followers.length === 1 ? 'the one' : `all ${followers.length}`} elsewhere.`,
    };
  return {
    isWhole,
    text: `${behind.length} of ${followers.length} deciders elsewhere do not have all of them: ${named.join(', ')}${more}.`,
  };
}
