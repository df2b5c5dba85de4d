/**
 * `/v1/authorities`.
 * @module
 */
import type { AuthorityRow } from '../../../admin-api/authorities.ts';
import type { AuthorityStatus } from '../../../identity/authority/rotate/rotation.ts';
import type { AuthorityHandler } from '../authority-operations.ts';
import { pageOfBlockers } from '../blocker-page.ts';
import { maybeTime, timeText } from '../time-text.ts';

/** All authorities, slot by slot, with who has not acknowledged them: of each `limit` are named. */
export const authorities: AuthorityHandler<'GET /v1/authorities'> = async ({ asked }, { authority }) => {
  const { trustDomain, sequence, x509Authorities, jwtAuthorities } = await authority.status();
  const rowsOf = (all: readonly AuthorityStatus[]) => Promise.all(all.map((each) => authorityRow(each, asked.limit)));
  return {
    trustDomain,
    sequence,
    x509Authorities: await rowsOf(x509Authorities),
    jwtAuthorities: await rowsOf(jwtAuthorities),
  };
};

async function authorityRow(
  { notBeforeAt, notAfterAt, mountedUntilAt, unacknowledged, ...rest }: AuthorityStatus,
  limit: number,
): Promise<AuthorityRow> {
  const page = await pageOfBlockers(unacknowledged, { limit });
  return {
    ...rest,
    notBefore: timeText(notBeforeAt),
    notAfter: timeText(notAfterAt),
    podCertificatesUntil: maybeTime(mountedUntilAt),
    unacknowledged: page.blockers,
    unacknowledgedCount: page.blockerCount,
    unacknowledgedNotByWaiting: unacknowledged.filter(({ doneBy }) => doneBy === undefined).length,
  };
}
