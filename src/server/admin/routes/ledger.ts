/**
 * `/v1/ledger`.
 * @module
 */
import { parseDuration } from '../../../config/duration.ts';
import { GatehouseError } from '../../../errors.ts';
import type { Authority } from '../../../identity/authority/authority.ts';
import type { LedgerQuery } from '../../../identity/authority/store/store.ts';
import type { Entry } from '../../../identity/registration/entry.ts';
import type { AuthorityHandler } from '../authority-operations.ts';
import { timeText } from '../time-text.ts';

/** A page of issuances, newest first; `next` of an answer is the `page` of the one that follows. */
export const ledger: AuthorityHandler<'GET /v1/ledger'> = async ({ asked }, { authority, entries }) => {
  const { spiffeId, authorityId, serial, kind, unexpired, since, until, page, limit } = asked;
  const query: LedgerQuery = {
    ...(spiffeId !== undefined && { spiffeId }),
    ...(authorityId !== undefined && { authorityId }),
    ...(serial !== undefined && { serial }),
    ...(kind !== undefined && { kind }),
    ...(unexpired === 'true' && { unexpiredAt: Date.now() }),
    ...(since !== undefined && { issuedFrom: instantOf('since', since) }),
    ...(until !== undefined && { issuedUntil: instantOf('until', until) }),
    ...(page !== undefined && { after: rowOfPage(page) }),
    limit,
  };
  const rows = await authority.ledger(query);
  const last = rows.length < limit ? undefined : rows.at(-1);
  const nearest = rows.length === 0 ? await nearestOf(query, authority, entries.value) : undefined;
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

/** The row after which a page begins. @throws GatehouseError `message_invalid` */
function rowOfPage(text: string): NonNullable<LedgerQuery['after']> {
  const [, issuedAt, serial] = /^(\d{1,16})-([0-9a-f]{1,64})$/.exec(text) ?? [];
  if (issuedAt !== undefined && serial !== undefined) return { issuedAt: Number(issuedAt), serial };
  throw new GatehouseError('message_invalid', 'page must be what `next` of the page before said');
}
