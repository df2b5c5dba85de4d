/**
 * Revoked SVIDs: the list that deciders get, and the CRLs for everybody else.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { nearestSearch } from '../../../lib/nearest.ts';
import { createWatchable, type Watchable } from '../../../lib/watchable.ts';
import { parseSpiffeId, trustDomainOf } from '../../../spiffe/spiffe-id.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { assemble } from '../../pki/certificate-template.ts';
import { crlTbs } from '../../pki/crl.ts';
import type { RevocationList, RevocationName, RevokeSvidOrder } from '../authority.ts';
import { algorithmOf } from '../issue/authority-certificate.ts';
import { deciderNameOf, isOfDecider } from '../join/decider-names.ts';
import type { KeyStore, Signer } from '../keys/signer.ts';
import { isValidAt } from '../rotate/schedule.ts';
import type { CurrentState } from '../store/current-state.ts';
import { type AuthorityRecord, type AuthorityState, authoritiesIn } from '../store/state.ts';
import type { AuditRow, AuthorityStore, RevocationKind, RevocationRow, UnexpiredRow } from '../store/store.ts';
import { findRevocationTarget, type RevocationTarget } from './revocation-target.ts';

export interface Revocations {
  readonly list: Watchable<RevocationList>;
  readonly crls: Watchable<readonly Uint8Array[]>;
  /** What such an order would hit. @param mayBe  see `findRevocationTarget` @throws GatehouseError `message_invalid` */
  target(order: RevocationName, mayBe: readonly string[]): Promise<RevocationTarget>;
  revoke(order: RevokeSvidOrder): Promise<RevocationRow>;
  undo(order: RevokeSvidOrder): Promise<void>;
  has(kind: RevocationKind, value: string): boolean;
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
  /** Writes issuances that wait in memory. */
  readonly flush: () => Promise<void>;
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
  // Asked for every issuance.
  let keys = keysOf(list.value);
  list.subscribe((value) => {
    keys = keysOf(value);
  });
  let signedAt = 0;
  let signedFor = '';

  /** What the lists depend on: not the state's version, which another replica's lists change. */
  const wanted = (): string =>
    [list.value.sequence, ...withCrl(current.state, clock.now()).map((each) => each.id)].join(' ');

  const signCrls = async (): Promise<void> => {
    if (wanted() === signedFor && clock.now() - signedAt < CRL_LIFE_MS / 2 && clock.now() >= signedAt) return;
    const state = await current.change((before) => ({ state: { ...before, crlNumber: before.crlNumber + 1 } }));
    const revoked = await revokedSerials(list.value.rows, store, clock.now());
    const out: Uint8Array[] = [];
    for (const authority of withCrl(state, clock.now())) {
      const signer = await deps.keys.open(authority.id);
      if (signer) out.push(await signCrl(authority, signer, revoked, state, clock.now()));
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
    if (rows.length > 0 || crls.value.length > 0) await signCrls();
  };

  const write = async (
    verb: string,
    order: RevokeSvidOrder,
    row: RevocationRow,
    more: readonly RevocationRow[] = [],
  ): Promise<void> => {
    const audit: AuditRow = {
      at: clock.now(),
      who: order.who,
      verb,
      use: 'x509',
      authorityId: row.authorityId,
      reason: `${row.kind} ${row.value}: ${order.reason}`,
      result: 'done',
    };
    await current.change((before) => ({
      state: { ...before, revocationSequence: before.revocationSequence + 1 },
      audit,
      revocations: [row, ...more],
    }));
    await refresh(true);
  };

  return {
    list,
    crls,
    refresh,
    has: (kind, value) => keys.has(`${kind} ${value}`),
    target(order, mayBe) {
      const value = namedValue(order, current.state);
      const revoked = list.value.rows.filter(({ kind }) => kind === order.kind).map((row) => row.value);
      return findRevocationTarget({ kind: order.kind, value }, store, [...mayBe, ...revoked], clock.now());
    },
    async revoke(order) {
      const row = await rowOf(order, deps);
      await write('svid revoke', order, row, await serialsOf(row, deps));
      // What another replica gave out while that was written; from then on nobody gives it anything.
      const late = (await serialsOf(row, deps)).filter(({ value }) => !keys.has(`serial ${value}`));
      if (late.length > 0) await write('svid revoke', order, row, late);
      return row;
    },
    async undo(order) {
      const value = namedValue(order, current.state);
      const row = list.value.rows.find((each) => each.kind === order.kind && each.value === value);
      if (!row) throw notRevoked(order.kind, value, list.value.rows);
      await checkSound(row, deps);
      // A row that has expired revokes nothing, and is pruned like any other.
      await write('svid revoke --undo', order, { ...row, notAfterAt: 0 });
    },
  };
}

/** Who has a list: authorities that have signed and are trusted, the newest first, and whose list would be valid now. */
const withCrl = (state: AuthorityState, atMs: number): readonly AuthorityRecord[] =>
  authoritiesIn(state, 'x509', 'active', 'old', 'tainted')
    .filter((each) => isValidAt(each, atMs))
    .sort((a, b) => b.notBeforeAt - a.notBeforeAt);

const keysOf = ({ rows }: RevocationList): ReadonlySet<string> => new Set(rows.map(keyOf));

/** Nothing may live that this revocation keeps out: a stolen certificate would be good again. */
async function checkSound(row: RevocationRow, { store, clock }: RevocationDeps): Promise<void> {
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

interface RevokedSerial {
  readonly serial: string;
  readonly authorityId: string;
  readonly revokedAt: number;
}

/** A CRL knows only serials: an ID or a key stands for all of its certificates that have not expired. */
async function revokedSerials(
  rows: readonly RevocationRow[],
  store: AuthorityStore,
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

const keyOf = ({ kind, value }: Pick<RevocationRow, 'kind' | 'value'>): string => `${kind} ${value}`;

/** The revocation of an ID or a key under which a certificate falls. */
function revocationOf(
  row: Pick<UnexpiredRow, 'kind' | 'spiffeId' | 'spkiSha256' | 'channel' | 'consumer'>,
  keyed: ReadonlyMap<string, RevocationRow>,
): RevocationRow | undefined {
  if (row.kind !== 'x509') return undefined;
  return (
    keyed.get(`id ${row.spiffeId}`) ?? keyed.get(`spki ${row.spkiSha256}`) ?? keyed.get(`decider ${deciderNameOf(row)}`)
  );
}

/** Everything that a decider holds, one by one: who checks certificates knows no names of deciders. */
async function serialsOf(
  { kind, value: name, reason, revokedAt }: RevocationRow,
  { store, clock, flush }: RevocationDeps,
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
  { store, clock, current, longestSvidMs }: RevocationDeps,
): Promise<RevocationRow> {
  const revokedAt = clock.now();
  const value = namedValue(order, current.state);
  const base = { kind: order.kind, value, reason: order.reason, revokedAt };
  if (order.kind !== 'serial') return { ...base, authorityId: '', notAfterAt: revokedAt + longestSvidMs };
  const [issued] = await store.ledger({ serial: value, kind: 'x509', limit: 1 });
  if (!issued)
    throw new GatehouseError('not_found', `no SVID with serial ${value} is in the ledger`, { serial: value });
  return { ...base, authorityId: issued.authorityId, notAfterAt: issued.notAfterAt };
}

/** What was named, as Check compares it: an ID, a decider's name, or lower-case hex without colons. @throws GatehouseError `message_invalid` */
function namedValue({ kind, value }: RevocationName, { trustDomain }: AuthorityState): string {
  if (kind === 'id') {
    const spiffeId = parseSpiffeId(value);
    if (trustDomainOf(spiffeId) === trustDomain) return spiffeId;
    throw new GatehouseError('message_invalid', `${spiffeId} is not of trust domain ${trustDomain}: revoke it there`, {
      value,
    });
  }
  if (kind === 'decider') {
    const name = value.replace(/^feed:/, '');
    if (/^[A-Za-z0-9._-]{1,128}$/.test(name)) return name;
    throw new GatehouseError('message_invalid', `${JSON.stringify(value)} is no name of a decider`, { value });
  }
  const hex = value.toLowerCase().replace(/[:\s]/g, '');
  if (kind === 'spki' && /^[0-9a-f]{64}$/.test(hex)) return hex;
  if (kind === 'serial' && /^[0-9a-f]{1,40}$/.test(hex)) return hex.replace(/^(00)+(?=..)/, '');
  const wanted = kind === 'spki' ? 'the SHA-256 of a SubjectPublicKeyInfo in hex, 64 digits' : 'a serial number in hex';
  throw new GatehouseError('message_invalid', `${JSON.stringify(value)} is not ${wanted}`, { value });
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
