/**
 * The CRLs: one for each X.509 authority that is trusted, signed anew when revocations change and before they grow old.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../../lib/watchable.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { assemble } from '../../pki/certificate-template.ts';
import { crlTbs } from '../../pki/crl.ts';
import { algorithmOf } from '../issue/authority-certificate.ts';
import type { KeyStore, Signer } from '../keys/signer.ts';
import { isValidAt } from '../rotate/schedule.ts';
import type { CurrentState } from '../store/current-state.ts';
import { type AuthorityRecord, type AuthorityState, authoritiesIn } from '../store/state.ts';
import type { AuthorityStore, RevocationRow } from '../store/store.ts';
import { keyOf, type RevocationList, revocationOf } from './revocation-list.ts';

export interface CrlDeps {
  readonly store: Pick<AuthorityStore, 'unexpired'>;
  readonly keys: Pick<KeyStore, 'open' | 'remote'>;
  readonly current: CurrentState;
  readonly clock: Clock;
}

/** The published CRLs and how they are renewed. */
export interface Crls {
  /** DER (RFC 5280 §5), one an authority that has one. */
  readonly published: Watchable<readonly Uint8Array[]>;
  /** Signs them anew where the list, the authorities or the time ask for it. @throws GatehouseError `store_unavailable` */
  sign(list: RevocationList): Promise<void>;
}

const CRL_LIFE_MS = 60 * 60_000;

/** Creates the CRLs: none yet. */
export function createCrls({ store, keys, current, clock }: CrlDeps): Crls {
  const published = createWatchable<readonly Uint8Array[]>([]);
  let signedAt = 0;
  let signedFor = '';
  /** What the CRLs depend on: not the state's version, which another replica's CRLs change. */
  const wanted = ({ sequence }: RevocationList): string =>
    [sequence, ...withCrl(current.state, clock.now()).map((each) => each.id)].join(' ');
  return {
    published,
    async sign(list) {
      if (wanted(list) === signedFor && clock.now() - signedAt < CRL_LIFE_MS / 2 && clock.now() >= signedAt) return;
      const away = keys.remote?.trouble(withCrl(current.state, clock.now()).map(({ id }) => id)) ?? '';
      if (away !== '') throw new GatehouseError('keys_unavailable', `no CRL is signed: ${away}`);
      const state = await current.change((before) => ({ state: { ...before, crlNumber: before.crlNumber + 1 } }));
      const revoked = await revokedSerials(list.rows, store, clock.now());
      const out: Uint8Array[] = [];
      for (const authority of withCrl(state, clock.now())) {
        const signer = await keys.open(authority.id);
        if (signer) out.push(await signCrl(authority, signer, revoked, state, clock.now()));
      }
      signedAt = clock.now();
      signedFor = wanted(list);
      published.replace(out);
    },
  };
}

/** The authorities that have a CRL: they have signed, are trusted, and their CRL would be valid now; the newest first. */
const withCrl = (state: AuthorityState, atMs: number): readonly AuthorityRecord[] =>
  authoritiesIn(state, 'x509', 'active', 'old', 'tainted')
    .filter((each) => isValidAt(each, atMs))
    .sort((a, b) => b.notBeforeAt - a.notBeforeAt);

interface RevokedSerial {
  readonly serial: string;
  readonly authorityId: string;
  readonly revokedAt: number;
}

/** A CRL knows only serials: an ID or a key stands for all of its certificates that have not expired. */
async function revokedSerials(
  rows: readonly RevocationRow[],
  store: Pick<AuthorityStore, 'unexpired'>,
  atMs: number,
): Promise<readonly RevokedSerial[]> {
  const serials = new Map<string, RevokedSerial>();
  const keyed = new Map(rows.map((row) => [keyOf(row), row]));
  for (const { kind, value, authorityId, revokedAt } of rows)
    if (kind === 'serial') serials.set(value, { serial: value, authorityId, revokedAt });
  if (serials.size === rows.length) return [...serials.values()];
  for await (const page of store.unexpired(atMs)) {
    for (const row of page) {
      const { serial, authorityId } = row;
      const by = revocationOf(row, keyed);
      if (by && !serials.has(serial)) serials.set(serial, { serial, authorityId, revokedAt: by.revokedAt });
    }
  }
  return [...serials.values()];
}

async function signCrl(
  authority: AuthorityRecord,
  signer: Signer,
  revoked: readonly RevokedSerial[],
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
      nextUpdateAt: Math.min(atMs + CRL_LIFE_MS, authority.notAfterAt),
      revoked: revoked.filter((each) => each.authorityId === authority.id),
    },
    algorithm,
  );
  return assemble(tbs, algorithm, await signer.sign(tbs, algorithm.digest));
}
