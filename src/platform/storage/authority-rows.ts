/**
 * Rows of the authority's tables, both ways; SQLite and PostgreSQL have the same columns in the same order.
 * @module
 */
import type {
  AuditRow,
  Consumer,
  LedgerRow,
  RevocationRow,
  UnexpiredRow,
} from '../../identity/authority/store/store.ts';

/** One row as a database gives it. */
export type Columns = Record<string, unknown>;

/** Written by this program into columns of that type. */
const text = (value: unknown): string => String(value);
const whole = (value: unknown): number => Number(value);

/** serial, kind, spiffe_id, selectors, spki_sha256, authority_id, not_before_at, not_after_at, issued_at, channel, consumer, bundle_sequence */
export function ledgerToColumns(row: LedgerRow): (string | number)[] {
  return [
    row.serial,
    row.kind,
    row.spiffeId,
    JSON.stringify(row.selectors),
    row.spkiSha256,
    row.authorityId,
    row.notBeforeAt,
    row.notAfterAt,
    row.issuedAt,
    row.channel,
    row.consumer,
    row.bundleSequence,
  ];
}

/** The columns that `unexpiredFromColumns` reads. */
export const UNEXPIRED_COLUMNS =
  'serial, kind, spiffe_id, spki_sha256, authority_id, not_before_at, not_after_at, issued_at, channel, consumer, bundle_sequence';

/** Reads the columns of `UNEXPIRED_COLUMNS`. */
export function unexpiredFromColumns(columns: Columns): UnexpiredRow {
  return {
    serial: text(columns['serial']),
    kind: text(columns['kind']) as LedgerRow['kind'], // only ledgerToColumns writes there
    spiffeId: text(columns['spiffe_id']),
    spkiSha256: text(columns['spki_sha256']),
    authorityId: text(columns['authority_id']),
    notBeforeAt: whole(columns['not_before_at']),
    notAfterAt: whole(columns['not_after_at']),
    issuedAt: whole(columns['issued_at']),
    channel: text(columns['channel']) as LedgerRow['channel'], // likewise
    consumer: text(columns['consumer']),
    bundleSequence: whole(columns['bundle_sequence']),
  };
}

/** The field of `LedgerRow` that each column is; selectors are JSON there already. */
const ledgerFields: Readonly<Record<Exclude<keyof LedgerRow, 'selectors'>, string>> = {
  serial: 'serial',
  kind: 'kind',
  spiffeId: 'spiffe_id',
  spkiSha256: 'spki_sha256',
  authorityId: 'authority_id',
  notBeforeAt: 'not_before_at',
  notAfterAt: 'not_after_at',
  issuedAt: 'issued_at',
  channel: 'channel',
  consumer: 'consumer',
  bundleSequence: 'bundle_sequence',
};

/** Names and values of a `LedgerRow` for a database's function that makes a JSON object. @param selectors  the column as JSON */
export const ledgerJsonOf = (selectors: string): string =>
  Object.entries({ ...ledgerFields, selectors })
    .map(([field, value]) => `'${field}', ${value}`)
    .join(', ');

/** Reads what `ledgerToColumns` wrote. @throws SyntaxError if the selectors are no JSON */
export function ledgerFromColumns(columns: Columns): LedgerRow {
  return { ...unexpiredFromColumns(columns), selectors: JSON.parse(text(columns['selectors'])) };
}

/** consumer, document */
export function consumerToColumns(consumer: Consumer): [string, string] {
  return [consumer.consumer, JSON.stringify(consumer)];
}

/** Reads what `consumerToColumns` wrote. @throws SyntaxError if the document is no JSON */
export function consumerFromColumns(columns: Columns): Consumer {
  return JSON.parse(text(columns['document'])); // written by consumerToColumns
}

/** at, who, verb, use, authority_id, reason, result */
export function auditToColumns(row: AuditRow): (string | number)[] {
  return [row.at, row.who, row.verb, row.use, row.authorityId, row.reason, row.result];
}

/** Reads what `auditToColumns` wrote. */
export function auditFromColumns(columns: Columns): AuditRow {
  return {
    at: whole(columns['at']),
    who: text(columns['who']),
    verb: text(columns['verb']),
    use: text(columns['use']) as AuditRow['use'], // only auditToColumns writes there
    authorityId: text(columns['authority_id']),
    reason: text(columns['reason']),
    result: text(columns['result']),
  };
}

/** kind, value, authority_id, reason, revoked_at, not_after_at */
export function revocationToColumns(row: RevocationRow): (string | number)[] {
  return [row.kind, row.value, row.authorityId, row.reason, row.revokedAt, row.notAfterAt];
}

/** Reads what `revocationToColumns` wrote. */
export function revocationFromColumns(columns: Columns): RevocationRow {
  return {
    kind: text(columns['kind']) as RevocationRow['kind'], // only revocationToColumns writes there
    value: text(columns['value']),
    authorityId: text(columns['authority_id']),
    reason: text(columns['reason']),
    revokedAt: whole(columns['revoked_at']),
    notAfterAt: whole(columns['not_after_at']),
  };
}
