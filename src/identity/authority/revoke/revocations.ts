/**
 * Revokes SVIDs, and takes revocations back.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { nearestSearch } from '../../../lib/nearest.ts';
import type { Watchable } from '../../../lib/watchable.ts';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { isOfDecider } from '../join/decider-names.ts';
import type { AuthorityStore, RevocationKind, RevocationRow, UnexpiredRow } from '../store/store.ts';
import { type HolderDeps, holderOf } from './holder-of.ts';
import { keyOf, type RevocationList, revocationOf } from './revocation-list.ts';
import { namedValue, type RevocationName } from './revocation-name.ts';
import { findRevocationTarget, type RevocationTarget } from './revocation-target.ts';
import type { RevocationTracker } from './revocation-tracker.ts';

/** An order to revoke or to take a revocation back; its giver and its reason are recorded in the audit log. */
export interface RevokeSvidOrder extends RevocationName {
  /** e.g. `uid:0` or a SPIFFE ID. */
  readonly who: string;
  readonly reason: string;
}

/** What operators and deciders need of revocations. */
export interface Revocations {
  readonly revocations: Watchable<RevocationList>;
  /**
   * Looks what such an order would hit, and whether it names anything that there is.
   *
   * @param mayBe  names that are right although nothing was issued to them yet
   * @throws GatehouseError `message_invalid` (no hex, no SPIFFE ID of ours), `store_unavailable`
   */
  revocationTarget(order: RevocationName, mayBe: readonly string[]): Promise<RevocationTarget>;
  /**
   * Revokes SVIDs by serial, ID, key or decider: in force as soon as the `revocations` watchers have it. To a revoked ID or key
   * nothing is issued.
   *
   * @throws GatehouseError `not_found`, `message_invalid` (no hex, no SPIFFE ID of ours), `store_unavailable`
   */
  revokeSvid(order: RevokeSvidOrder): Promise<RevocationRow>;
  /**
   * Takes back the revocation of an ID, a key or a decider.
   *
   * @throws GatehouseError `not_found`; `not_sound` while anything lives that it keeps out, and for a serial always
   */
  undoRevocation(order: RevokeSvidOrder): Promise<void>;
  /**
   * The holder of a certificate that an authority of ours signed, trusted or not; undefined for any other certificate, and for one
   * that is revoked or not valid now.
   */
  holderOf(certificate: Uint8Array): SpiffeId | undefined;
}

export interface RevocationsDeps extends Omit<HolderDeps, 'isRevoked'> {
  readonly store: AuthorityStore;
  readonly tracker: RevocationTracker;
  /** The longest life that an SVID can have from now, in milliseconds: for how long a revoked ID must be kept. */
  readonly longestSvidMs: number;
  /** Writes issuances that wait in memory. */
  flush(): Promise<void>;
}

/** Creates the orders over the revocations in force. */
export function createRevocations(deps: RevocationsDeps): Revocations {
  const { store, tracker, current, clock, flush } = deps;
  const { list } = tracker;
  return {
    revocations: list,
    async revocationTarget(order, mayBe) {
      await flush();
      const value = namedValue(order, current.state.trustDomain);
      const revoked = list.value.rows.filter(({ kind }) => kind === order.kind).map((row) => row.value);
      return findRevocationTarget({ kind: order.kind, value }, store, [...mayBe, ...revoked], clock.now());
    },
    async revokeSvid(order) {
      await flush(); // what was signed before stands in the CRL that is signed now
      const row = await rowOf(order, deps);
      await write('svid revoke', order, [row, ...(await serialsOf(row, deps))], deps);
      // What another replica gave out while that was written; from then on no replica issues to it.
      const late = (await serialsOf(row, deps)).filter(({ value }) => !tracker.has('serial', value));
      if (late.length > 0) await write('svid revoke', order, [row, ...late], deps);
      return row;
    },
    async undoRevocation(order) {
      await flush();
      const value = namedValue(order, current.state.trustDomain);
      const row = list.value.rows.find((each) => each.kind === order.kind && each.value === value);
      if (!row) throw notRevoked(order.kind, value, list.value.rows);
      await checkSound(row, deps);
      // A row that has expired revokes nothing, and is pruned like any other.
      await write('svid revoke --undo', order, [{ ...row, notAfterAt: 0 }], deps);
    },
    holderOf: (certificate) => holderOf(certificate, { current, clock, isRevoked: tracker.has }),
  };
}

/** Writes rows, of which the first is the one that was ordered, with one audit row. */
async function write(
  verb: string,
  order: RevokeSvidOrder,
  rows: readonly [RevocationRow, ...RevocationRow[]],
  { current, clock, tracker }: RevocationsDeps,
): Promise<void> {
  const [{ kind, value, authorityId }] = rows;
  await current.change((before) => ({
    state: { ...before, revocationSequence: before.revocationSequence + 1 },
    audit: {
      at: clock.now(),
      who: order.who,
      verb,
      use: 'x509',
      authorityId,
      reason: `${kind} ${value}: ${order.reason}`,
      result: 'done',
    },
    revocations: rows,
  }));
  await tracker.refresh(true);
}

/** Nothing may live that this revocation keeps out: a stolen certificate would be good again. */
async function checkSound(row: RevocationRow, { store, clock }: RevocationsDeps): Promise<void> {
  if (row.kind === 'serial') {
    throw new GatehouseError('not_sound', 'a certificate stays revoked: its holder is given another', {
      serial: row.value,
    });
  }
  const keyed = new Map([[keyOf(row), row]]);
  let last: UnexpiredRow | undefined;
  for await (const page of store.unexpired(clock.now())) {
    for (const each of page) if (revocationOf(each, keyed) && each.notAfterAt >= (last?.notAfterAt ?? 0)) last = each;
  }
  if (!last) return;
  const until = new Date(last.notAfterAt).toISOString();
  throw new GatehouseError(
    'not_sound',
    `an SVID that it keeps out lives until ${until}: with the revocation gone whoever stole it would be let in again`,
    { serial: last.serial, until },
  );
}

/** Everything that a decider holds, one by one: a verifier of certificates knows no names of deciders. */
async function serialsOf(
  { kind, value: name, reason, revokedAt }: RevocationRow,
  { store, clock, flush }: RevocationsDeps,
): Promise<readonly RevocationRow[]> {
  if (kind !== 'decider') return [];
  await flush();
  const rows: RevocationRow[] = [];
  for await (const page of store.unexpired(clock.now()))
    for (const row of page) {
      if (!isOfDecider(row, name)) continue;
      const { serial: value, authorityId, notAfterAt } = row;
      rows.push({ kind: 'serial', value, authorityId, reason: `decider ${name}: ${reason}`, revokedAt, notAfterAt });
    }
  return rows;
}

function notRevoked(kind: RevocationKind, value: string, rows: readonly RevocationRow[]): GatehouseError {
  const search = nearestSearch(value, 6);
  for (const row of rows) if (row.kind === kind) search.see(row.value);
  const nearest = search.found();
  const hint = nearest === undefined ? '' : `; ${nearest} is`;
  return new GatehouseError('not_found', `${kind} ${value} is not revoked${hint}`, { value, nearest });
}

/** What an order means: a serial must be one that we issued; an ID or a key is kept until what exists now has expired. */
async function rowOf(
  order: RevokeSvidOrder,
  { store, clock, current, longestSvidMs }: RevocationsDeps,
): Promise<RevocationRow> {
  const revokedAt = clock.now();
  const value = namedValue(order, current.state.trustDomain);
  const base = { kind: order.kind, value, reason: order.reason, revokedAt };
  if (order.kind !== 'serial') return { ...base, authorityId: '', notAfterAt: revokedAt + longestSvidMs };
  const [issued] = await store.ledger({ serial: value, kind: 'x509', limit: 1 });
  if (!issued)
    throw new GatehouseError('not_found', `no SVID with serial ${value} is in the ledger`, { serial: value });
  return { ...base, authorityId: issued.authorityId, notAfterAt: issued.notAfterAt };
}
