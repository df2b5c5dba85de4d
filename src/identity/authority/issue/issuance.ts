/**
 * Issues SVIDs: sign, write the ledger row, and only then let the SVID leave.
 * @module
 */
import { availableParallelism } from 'node:os';
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { pathOf, type SpiffeId, trustDomainOf } from '../../../spiffe/spiffe-id.ts';
import type { JwtSvid, X509Svid } from '../../../spiffe/svid.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { generateKeyDer, type PublicKeyInfo, readPublicKeyInfo, spkiHash } from '../../pki/key-type.ts';
import type { JwtRequest, X509Request } from '../../source/identity-source.ts';
import { deciderNameOf } from '../join/decider-names.ts';
import { createKeyQueue, gone } from '../keys/key-queue.ts';
import type { AuthoritySettings } from '../settings.ts';
import type { AuthorityRecord } from '../store/state.ts';
import type { LedgerRow } from '../store/store.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Issuers } from './issuers.ts';
import { checkSigns } from './sound-life.ts';

export interface IssuanceDeps {
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
  readonly ledger: GroupCommit<LedgerRow>;
  issuers(): Issuers;
  bundleSequence(): number;
  isRevoked(kind: 'id' | 'spki' | 'decider', value: string): boolean;
  /** The state's version as we hold it, and how to catch up with a newer one. */
  version(): number;
  catchUp(version: number): Promise<void>;
  /** @throws GatehouseError `store_unusable` where the store answers with an older version than it had, or did lately */
  demandWhole(answered: number, askedAt: number): void;
}

/** Issues SVIDs of the authorities that sign now; both methods throw as `IdentitySource` says. */
export interface Issuance {
  issueX509(request: X509Request): Promise<X509Svid>;
  issueJwt(request: JwtRequest): Promise<JwtSvid>;
}

const MAX_DNS_NAMES = 100;
/** Half of the cores, so that Checks have theirs; and never all threads that files are read with. */
const KEYS_AT_ONCE = Math.min(3, Math.max(1, Math.floor(availableParallelism() / 2)));

/** Creates the two ways to issue. */
export function createIssuance(deps: IssuanceDeps): Issuance {
  const { clock, settings, ledger } = deps;
  const keys = createKeyQueue({ generate: generateKeyDer, atOnce: KEYS_AT_ONCE });

  const living = <I extends { readonly authority: AuthorityRecord }>(issuer: I | undefined): I => {
    if (!issuer) throw new GatehouseError('authority_not_ready', 'no authority is active');
    checkSigns(issuer.authority, clock.now());
    return issuer;
  };

  /** What was taken from somebody is not given again. */
  const checkRevoked = (kind: 'id' | 'spki' | 'decider', value: string): void => {
    if (!deps.isRevoked(kind, value)) return;
    const what = { id: value, spki: `the key ${value}`, decider: `the decider ${value}` }[kind];
    throw new GatehouseError('not_entitled', `${what} is revoked: nothing is issued to it until that is undone`, {
      kind,
      value,
    });
  };

  /**
   * Makes it durable. Where another replica has changed slots meanwhile, the SVID may leave only if its authority still signs;
   * else it is made again, by the one that does.
   */
  const record = async (row: LedgerRow): Promise<boolean> => {
    const askedAt = deps.version();
    const version = await ledger.append(row);
    deps.demandWhole(version, askedAt);
    if (version > deps.version()) await deps.catchUp(version);
    return row.authorityId === deps.issuers()[row.kind]?.authority.id;
  };

  const issueX509 = async (request: X509Request): Promise<X509Svid> => {
    const { entitlement } = request;
    checkId(entitlement.spiffeId, deps.trustDomain);
    checkDnsNames(entitlement.dnsNames);
    checkRevoked('id', entitlement.spiffeId); // before a key is made for nothing
    const { signal } = request;
    const keyType = request.keyType ?? settings.keyType;
    const key = callersKey(request) ?? (await keys.make(keyType, entitlement.spiffeId, signal));
    if (signal?.aborted) throw gone();
    const spkiSha256 = spkiHash(key.spki);
    const checkStillMay = (): void => {
      checkRevoked('id', entitlement.spiffeId);
      checkRevoked('spki', spkiSha256);
      checkRevoked('decider', deciderNameOf(request));
    };
    checkStillMay();
    const issuer = living(deps.issuers().x509);
    const bundleSequence = deps.bundleSequence();
    const issuedAt = clock.now();
    const svid = await issuer.sign({
      spiffeId: entitlement.spiffeId,
      dnsNames: entitlement.dnsNames,
      key,
      ttlMs: entitlement.x509SvidTtlMs > 0 ? entitlement.x509SvidTtlMs : settings.x509SvidTtlMs,
      atMs: issuedAt,
      ...(request.backdateMs !== undefined && { backdateMs: request.backdateMs }),
    });
    const stillSigns = await record({
      serial: svid.serial,
      kind: 'x509',
      spiffeId: svid.spiffeId,
      selectors: request.selectors,
      spkiSha256,
      authorityId: svid.authorityId,
      notBeforeAt: svid.notBeforeAt,
      notAfterAt: svid.notAfterAt,
      issuedAt,
      channel: request.channel,
      consumer: request.consumer ?? '',
      bundleSequence,
    });
    checkStillMay(); // whoever was thrown out while this was written, also by another replica
    return stillSigns ? svid : issueX509(request);
  };

  const issueJwt = async (request: JwtRequest): Promise<JwtSvid> => {
    const { entitlement, audiences } = request;
    checkId(entitlement.spiffeId, deps.trustDomain);
    if (audiences.length === 0 || audiences.includes('')) {
      throw new GatehouseError('message_invalid', 'a JWT-SVID needs at least one audience, and none may be empty');
    }
    checkRevoked('id', entitlement.spiffeId);
    const issuer = living(deps.issuers().jwt);
    const atMs = clock.now();
    const jwt = await issuer.sign({
      spiffeId: entitlement.spiffeId,
      audiences,
      ttlMs: entitlement.jwtSvidTtlMs > 0 ? entitlement.jwtSvidTtlMs : settings.jwtSvidTtlMs,
      atMs,
    });
    const stillSigns = await record({
      serial: jwt.id,
      kind: 'jwt',
      spiffeId: entitlement.spiffeId,
      selectors: request.selectors,
      spkiSha256: '',
      authorityId: issuer.authority.id,
      notBeforeAt: jwt.issuedAt,
      notAfterAt: jwt.expiresAt,
      issuedAt: atMs,
      channel: request.channel,
      consumer: request.consumer ?? '',
      bundleSequence: deps.bundleSequence(),
    });
    checkRevoked('id', entitlement.spiffeId); // while this was written
    return stillSigns
      ? { spiffeId: entitlement.spiffeId, token: jwt.token, expiresAt: jwt.expiresAt }
      : issueJwt(request);
  };
  return { issueX509, issueJwt };
}

function callersKey({ spki, publicKey }: X509Request): PublicKeyInfo | undefined {
  if (spki) return readPublicKeyInfo(spki);
  return publicKey && readPublicKeyInfo(publicKey.export({ type: 'spki', format: 'der' }));
}

function checkId(spiffeId: SpiffeId, trustDomain: TrustDomain): void {
  if (trustDomainOf(spiffeId) === trustDomain && pathOf(spiffeId) !== '') return;
  throw new GatehouseError('not_entitled', `${spiffeId} is not a workload of trust domain ${trustDomain}`, {
    spiffeId,
  });
}

function checkDnsNames(names: readonly string[]): void {
  const bad = names.find(
    (name) => name.length > 253 || !/^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(name),
  );
  if (bad === undefined && names.length <= MAX_DNS_NAMES) return;
  throw new GatehouseError(
    'not_entitled',
    bad === undefined
      ? `the entry has ${names.length} DNS names; ${MAX_DNS_NAMES} are the most`
      : `${JSON.stringify(bad)} is not a DNS name; correct the entry's dnsNames`,
    { dnsNames: names },
  );
}
