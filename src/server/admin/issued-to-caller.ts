/**
 * What the issuance log has of the caller of a decision.
 * @module
 */
import type { Derivation, DerivedCaller } from '../../admin-api/decisions.ts';
import type { LedgerQuery } from '../../identity/authority/store/store.ts';
import type { AdminDeps } from './admin-deps.ts';
import { timeText } from './time-text.ts';

/** Of an identity whose certificate is not known. */
const MOST_ROWS = 5;

/** Adds it, where this server issues. A log that cannot be read now is said to be so: the derivation stands without it. */
export async function withIssued(
  derivation: Derivation,
  { operations }: Pick<AdminDeps, 'operations'>,
): Promise<Derivation> {
  const { caller, record } = derivation;
  if (caller === undefined || operations === undefined) return derivation;
  const query = queryOf(caller, record);
  if (query === undefined) return derivation;
  try {
    const rows = await operations.authority.ledger(query);
    const issued = rows.map(({ serial, authorityId, notBeforeAt, notAfterAt, channel }) => ({
      ...{ serial, authorityId, channel },
      notBefore: timeText(notBeforeAt),
      notAfter: timeText(notAfterAt),
    }));
    return { ...derivation, caller: { ...caller, issued } };
  } catch (thrown) {
    const why = `the issuance log cannot be read now: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    return { ...derivation, caller: { ...caller, note: [caller.note, why].filter((each) => each !== '').join('; ') } };
  }
}

function queryOf({ certificate }: DerivedCaller, { source, at }: Derivation['record']): LedgerQuery | undefined {
  const atMs = Date.parse(at);
  if (certificate !== null) return { serial: certificate.serial, kind: 'x509', limit: 1 };
  const spiffeId = source?.principal ?? '';
  if (!spiffeId.startsWith('spiffe://') || spiffeId.endsWith('…')) return undefined; // a record's texts are cut
  return { spiffeId, kind: 'x509', issuedUntil: atMs + 1, unexpiredAt: atMs, limit: MOST_ROWS };
}
