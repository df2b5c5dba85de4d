/**
 * `/v1/authorities` and `/v1/ledger`.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { AuthorityStatus } from '../../identity/authority/authority.ts';
import type { Blocker } from '../../identity/authority/gate.ts';
import type { LedgerQuery } from '../../identity/authority/store.ts';
import type { AdminHandler } from './admin-handler.ts';
import { limitOf } from './limit.ts';

const timeText = (ms: number): string => new Date(ms).toISOString();

/** All authorities, slot by slot, with who has not acknowledged them. */
export const authorities: AdminHandler = async (_, { authority }) => {
  const { trustDomain, sequence, x509Authorities, jwtAuthorities } = await authority.status();
  return {
    trustDomain,
    sequence,
    x509Authorities: x509Authorities.map(authorityRow),
    jwtAuthorities: jwtAuthorities.map(authorityRow),
  };
};

function authorityRow({ notBeforeAt, notAfterAt, unacknowledged, ...rest }: AuthorityStatus) {
  return {
    ...rest,
    notBefore: timeText(notBeforeAt),
    notAfter: timeText(notAfterAt),
    unacknowledged: unacknowledged.map(blockerRow),
  };
}

function blockerRow({ lastSeenAt, doneBy, ...rest }: Blocker) {
  return {
    ...rest,
    lastSeenAt: lastSeenAt === undefined ? null : timeText(lastSeenAt),
    doneBy: doneBy === undefined ? null : timeText(doneBy),
  };
}

/** Issuances, newest first: `?spiffeId= &authorityId= &kind=x509|jwt &serial= &unexpired=true &limit=`. */
export const ledger: AdminHandler = async ({ query }, { authority }) => {
  const kind = query.get('kind');
  if (kind !== null && kind !== 'x509' && kind !== 'jwt') {
    throw new GatehouseError('message_invalid', 'kind must be x509 or jwt');
  }
  const text = (name: 'spiffeId' | 'authorityId' | 'serial') => {
    const value = query.get(name);
    return value === null ? {} : { [name]: value };
  };
  const asked: LedgerQuery = {
    ...text('spiffeId'),
    ...text('authorityId'),
    ...text('serial'),
    ...(kind !== null && { kind }),
    ...(query.get('unexpired') === 'true' && { unexpiredAt: Date.now() }),
    limit: limitOf(query, 100, 10_000),
  };
  const rows = await authority.ledger(asked);
  return {
    rows: rows.map(({ notBeforeAt, notAfterAt, issuedAt, ...rest }) => ({
      ...rest,
      notBefore: timeText(notBeforeAt),
      notAfter: timeText(notAfterAt),
      issuedAt: timeText(issuedAt),
    })),
  };
};
