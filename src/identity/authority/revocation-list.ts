/**
 * Revoked SVIDs: the list that deciders get, and the CRLs for everybody else.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts';
import { readCertificate } from '../pki/certificate.ts';
import { assemble } from '../pki/certificate-template.ts';
import { crlTbs } from '../pki/crl.ts';
import type { RevocationList, RevokeSvidOrder } from './authority.ts';
import { algorithmOf } from './authority-certificate.ts';
import type { CurrentState } from './current-state.ts';
import type { KeyStore, Signer } from './signer.ts';
import { type AuthorityRecord, type AuthorityState, authoritiesIn } from './state.ts';
import type { AuditRow, AuthorityStore, RevocationRow } from './store.ts';

export interface Revocations {
  readonly list: Watchable<RevocationList>;
  readonly crls: Watchable<readonly Uint8Array[]>;
  revoke(order: RevokeSvidOrder): Promise<RevocationRow>;
  /** Reads again what other replicas may have written, drops what has expired, and signs CRLs anew when they are due. */
  refresh(force: boolean): Promise<void>;
}

export interface RevocationDeps {
  readonly store: AuthorityStore;
  readonly keys: KeyStore;
  readonly current: CurrentState;
  readonly clock: Clock;
  /** The longest life that an SVID can have from now: for how long a revoked ID must be kept. */
  readonly longestSvidMs: number;
}

const CRL_LIFE_MS = 60 * 60_000;

/** Loads the revocations that the store holds. */
export async function loadRevocations(deps: RevocationDeps): Promise<Revocations> {
  const { store, current, clock } = deps;
  const unexpired = async (): Promise<readonly RevocationRow[]> =>
    (await store.revocations()).filter((row) => row.notAfterAt > clock.now());
  const list = createWatchable<RevocationList>({
    sequence: current.state.revocationSequence,
    rows: await unexpired(),
  });
  const crls = createWatchable<readonly Uint8Array[]>([]);
  let signedAt = 0;
  let signedFor = '';

  /** What the lists depend on: not the state's version, which another replica's lists change. */
  const wanted = (): string =>
    [
      list.value.sequence,
      ...authoritiesIn(current.state, 'x509', 'active', 'old', 'tainted').map((each) => each.id),
    ].join(' ');

  const signCrls = async (): Promise<void> => {
    if (wanted() === signedFor && clock.now() - signedAt < CRL_LIFE_MS / 2 && clock.now() >= signedAt) return;
    const state = await current.change((before) => ({ state: { ...before, crlNumber: before.crlNumber + 1 } }));
    const out: Uint8Array[] = [];
    for (const authority of authoritiesIn(state, 'x509', 'active', 'old', 'tainted')) {
      const signer = await deps.keys.open(authority.id);
      if (signer) out.push(await signCrl(authority, signer, list.value.rows, state, clock.now()));
    }
    signedAt = clock.now();
    signedFor = wanted();
    crls.replace(out);
  };

  const refresh = async (force: boolean): Promise<void> => {
    const { revocationSequence } = current.state;
    const rows = await unexpired();
    if (force || revocationSequence !== list.value.sequence || rows.length !== list.value.rows.length) {
      list.replace({ sequence: revocationSequence, rows });
    }
    if (rows.some((row) => row.kind !== 'id') || crls.value.length > 0) await signCrls();
  };

  return {
    list,
    crls,
    refresh,
    async revoke(order) {
      const row = await rowOf(order, deps);
      const audit: AuditRow = {
        at: row.revokedAt,
        who: order.who,
        verb: 'svid revoke',
        use: 'x509',
        authorityId: row.authorityId,
        reason: `${order.kind} ${order.value}: ${order.reason}`,
        result: 'done',
      };
      await current.change((before) => ({
        state: { ...before, revocationSequence: before.revocationSequence + 1 },
        audit,
        revocations: [row],
      }));
      await refresh(true);
      return row;
    },
  };
}

/** What an order means: a serial must be one that we issued; an ID or a key is kept until what exists now has expired. */
async function rowOf(order: RevokeSvidOrder, { store, clock, longestSvidMs }: RevocationDeps): Promise<RevocationRow> {
  const revokedAt = clock.now();
  const base = { kind: order.kind, reason: order.reason, revokedAt };
  if (order.kind === 'id') {
    return { ...base, value: parseSpiffeId(order.value), authorityId: '', notAfterAt: revokedAt + longestSvidMs };
  }
  const value = order.value
    .toLowerCase()
    .replace(/[:\s]/g, '')
    .replace(/^(00)+(?=..)/, '');
  if (!/^[0-9a-f]+$/.test(value)) {
    throw new GatehouseError('not_found', `${JSON.stringify(order.value)} is not a ${order.kind} in hex`, {
      value: order.value,
    });
  }
  if (order.kind === 'spki')
    return { ...base, value: order.value.toLowerCase(), authorityId: '', notAfterAt: revokedAt + longestSvidMs };
  const [issued] = await store.ledger({ serial: value, kind: 'x509', limit: 1 });
  if (!issued)
    throw new GatehouseError('not_found', `no SVID with serial ${value} is in the ledger`, { serial: value });
  return { ...base, value, authorityId: issued.authorityId, notAfterAt: issued.notAfterAt };
}

async function signCrl(
  authority: AuthorityRecord,
  signer: Signer,
  rows: readonly RevocationRow[],
  state: AuthorityState,
  atMs: number,
): Promise<Uint8Array> {
  const algorithm = algorithmOf(signer);
  const tbs = crlTbs(
    {
      issuer: readCertificate(Buffer.from(authority.certificate ?? '', 'base64')).subject,
      issuerKeyId: Buffer.from(authority.id, 'hex'),
      number: state.crlNumber,
      thisUpdateAt: atMs,
      nextUpdateAt: atMs + CRL_LIFE_MS,
      revoked: rows
        .filter((row) => row.kind === 'serial' && row.authorityId === authority.id)
        .map((row) => ({ serial: row.value, revokedAt: row.revokedAt })),
    },
    algorithm,
  );
  return assemble(tbs, algorithm, await signer.sign(tbs, algorithm.digest));
}
