/**
 * `/v1/authorities` and `/v1/ledger`.
 * @module
 */
import { parseDuration } from '../../config/duration.ts';
import { GatehouseError } from '../../errors.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import type { AuthorityStatus } from '../../identity/authority/rotate/rotation.ts';
import type { LedgerQuery } from '../../identity/authority/store/store.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { AuthorityHandler } from './authority-operations.ts';
import { blockerQueryOf, pageOfBlockers } from './blocker-page.ts';
import { limitOf } from './limit.ts';
import { timeText } from './time-text.ts';

/** All authorities, slot by slot, with who has not acknowledged them: of each `?limit=` are named. */
export const authorities: AuthorityHandler = async ({ query }, { authority }) => {
  const { limit } = blockerQueryOf(query);
  const { trustDomain, sequence, x509Authorities, jwtAuthorities } = await authority.status();
  const rowsOf = (all: readonly AuthorityStatus[]) => Promise.all(all.map((each) => authorityRow(each, limit)));
  return {
    trustDomain,
    sequence,
    x509Authorities: await rowsOf(x509Authorities),
    jwtAuthorities: await rowsOf(jwtAuthorities),
  };
};

async function authorityRow({ notBeforeAt, notAfterAt, unacknowledged, ...rest }: AuthorityStatus, limit: number) {
  const page = await pageOfBlockers(unacknowledged, { limit, after: '' });
  return {
    ...rest,
    notBefore: timeText(notBeforeAt),
    notAfter: timeText(notAfterAt),
    unacknowledged: page.blockers,
    unacknowledgedCount: page.blockerCount,
    unacknowledgedNotByWaiting: unacknowledged.filter(({ doneBy }) => doneBy === undefined).length,
  };
}

/**
 * Issuances, newest first: `?spiffeId= &authorityId= &kind=x509|jwt &serial= &unexpired=true &since= &until= &limit= &page=`.
 * `next` of an answer is the `page` of the one that follows.
 */
export const ledger: AuthorityHandler = async ({ query }, { authority, entries }) => {
  const kind = query.get('kind');
  if (kind !== null && kind !== 'x509' && kind !== 'jwt') {
    throw new GatehouseError('message_invalid', 'kind must be x509 or jwt');
  }
  const text = (name: 'spiffeId' | 'authorityId' | 'serial') => {
    const value = query.get(name);
    return value === null ? {} : { [name]: value };
  };
  const instant = (name: string, as: 'issuedFrom' | 'issuedUntil') => {
    const value = query.get(name);
    return value === null ? {} : { [as]: instantOf(name, value) };
  };
  const limit = limitOf(query, 100, 10_000);
  const asked: LedgerQuery = {
    ...text('spiffeId'),
    ...text('authorityId'),
    ...text('serial'),
    ...(kind !== null && { kind }),
    ...(query.get('unexpired') === 'true' && { unexpiredAt: Date.now() }),
    ...instant('since', 'issuedFrom'),
    ...instant('until', 'issuedUntil'),
    ...pageOf(query.get('page')),
    limit,
  };
  const rows = await authority.ledger(asked);
  const last = rows.length < limit ? undefined : rows.at(-1);
  const nearest = rows.length === 0 ? await nearestOf(asked, authority, entries.value) : undefined;
  return {
    rows: rows.map(({ notBeforeAt, notAfterAt, issuedAt, ...rest }) => ({
      ...rest,
      notBefore: timeText(notBeforeAt),
      notAfter: timeText(notAfterAt),
      issuedAt: timeText(issuedAt),
    })),
    ...(last && { next: `${last.issuedAt}-${last.serial}` }),
    ...(nearest !== undefined && { nearest }),
  };
};

/** What a question that nothing answers probably meant: a name that nobody has, or an authority that there is not. */
async function nearestOf(
  { authorityId, spiffeId }: LedgerQuery,
  authority: Authority,
  entries: readonly Entry[],
): Promise<string | undefined> {
  if (authorityId !== undefined) return authority.authorityMeantBy(authorityId);
  if (spiffeId === undefined) return undefined;
  const names = entries.map((each) => each.spiffeId);
  return (await authority.revocationTarget({ kind: 'id', value: spiffeId }, names)).nearest;
}

/** RFC 3339, or a duration before now such as `1h`. */
function instantOf(name: string, text: string): number {
  const ago = parseDuration(text);
  const at = ago === undefined ? Date.parse(text) : Date.now() - ago;
  if (Number.isFinite(at)) return at;
  throw new GatehouseError(
    'message_invalid',
    `${name} must be a time such as 2026-01-31T12:00:00Z, or how long ago, such as 1h`,
  );
}

function pageOf(text: string | null): Pick<LedgerQuery, 'after'> {
  if (text === null) return {};
  const [, issuedAt, serial] = /^(\d{1,16})-([0-9a-f]{1,64})$/.exec(text) ?? [];
  if (issuedAt !== undefined && serial !== undefined) return { after: { issuedAt: Number(issuedAt), serial } };
  throw new GatehouseError('message_invalid', 'page must be what `next` of the page before said');
}
