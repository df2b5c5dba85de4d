/**
 * Rows of the authority's tables as `json_to_recordset` reads them.
 * @module
 */
import type { AuditRow, Consumer, LedgerRow, RevocationRow } from '../../../identity/authority/store/store.ts';

/** The columns of gatehouse_ledger but the trust domain. */
export const ledgerToRecord = (row: LedgerRow) => ({
  serial: row.serial,
  kind: row.kind,
  spiffe_id: row.spiffeId,
  selectors: JSON.stringify(row.selectors),
  spki_sha256: row.spkiSha256,
  authority_id: row.authorityId,
  not_before_at: row.notBeforeAt,
  not_after_at: row.notAfterAt,
  issued_at: row.issuedAt,
  channel: row.channel,
  consumer: row.consumer,
  bundle_sequence: row.bundleSequence,
});

/** The columns of gatehouse_consumers but the trust domain. */
export const consumerToRecord = (consumer: Consumer) => ({
  consumer: consumer.consumer,
  document: JSON.stringify(consumer),
});

/** The columns of gatehouse_audit but number and trust domain. */
export const auditToRecord = (row: AuditRow) => ({
  at: row.at,
  who: row.who,
  verb: row.verb,
  use: row.use,
  authority_id: row.authorityId,
  reason: row.reason,
  result: row.result,
});

/** The columns of gatehouse_revocations but the trust domain. */
export const revocationToRecord = (row: RevocationRow) => ({
  kind: row.kind,
  value: row.value,
  authority_id: row.authorityId,
  reason: row.reason,
  revoked_at: row.revokedAt,
  not_after_at: row.notAfterAt,
});
