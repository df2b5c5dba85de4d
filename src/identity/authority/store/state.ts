/**
 * The authority's whole state as one immutable value: which authorities there are, in which slot, and the bundle's sequence.
 * It is stored as one document, so that every step is one write that happened or did not.
 * @module
 */
import { hash, type JsonWebKey } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import type { JwtAuthority, OwnBundle } from '../../../spiffe/bundle.ts';
import { parseTrustDomain, type TrustDomain } from '../../../spiffe/trust-domain.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { publishedRoots } from '../../pki/published-roots.ts';
import type { Life } from '../rotate/schedule.ts';

/** What an authority signs. */
export type AuthorityUse = 'x509' | 'jwt';

/**
 * prepared: in the bundle, signs nothing yet. active: signs. old: signed, still trusted. tainted: like old, and what it
 * signed is being renewed. revoked: out of the bundle.
 */
export type Slot = 'prepared' | 'active' | 'old' | 'tainted' | 'revoked';

/** One authority. */
export interface AuthorityRecord {
  /** The key's id: lower-case hex of its subject key identifier; `kid` of what a JWT authority signs. */
  readonly id: string;
  readonly use: AuthorityUse;
  readonly slot: Slot;
  /** X.509: its own certificate, DER in base64. */
  readonly certificate: string | undefined;
  /** X.509 under an upstream authority: what stands between it and the root, own certificate excluded; DER in base64. */
  readonly chain: readonly string[];
  /** X.509: what goes into the bundle for it, DER in base64; its own certificate unless it is under an upstream one. */
  readonly roots: readonly string[];
  /** JWT: its public key. */
  readonly jwk: JsonWebKey | undefined;
  /** Milliseconds since 1970, all of them. */
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  readonly preparedAt: number;
  /** When it began to sign; kept when that is undone, since what it signed lives on. */
  readonly activatedAt: number | undefined;
  readonly taintedAt: number | undefined;
  readonly revokedAt: number | undefined;
  /** Where its key was made, as `Signer.place` says it; absent in what a version before this one made. */
  readonly keyPlace?: string | undefined;
  /** It was revoked once, which destroys its key: it may be trusted again, but never sign. */
  readonly keyDestroyed: boolean;
  /** The bundle sequence with which it was published. */
  readonly publishedSequence: number;
}

/** One step that was taken, so that it can be taken back: by order, since clocks may be set back. */
export interface Step {
  readonly verb: 'prepare' | 'activate' | 'taint' | 'revoke';
  readonly use: AuthorityUse;
  readonly id: string;
  /** activate: who signed before; empty for the first. */
  readonly previous: string;
}

/** Everything about the authorities of a trust domain, stored as one JSON value; its fields are the stored format. */
export interface AuthorityState {
  readonly trustDomain: TrustDomain;
  /** Of the bundle; rises with every change of its content. */
  readonly sequence: number;
  readonly crlNumber: number;
  /** Of the set of revocations. */
  readonly revocationSequence: number;
  readonly authorities: readonly AuthorityRecord[];
  /**
   * What is trusted by its slot and yet not published, or published last, since the clock says so: certificates by SHA-256, JWT
   * keys by id. It is kept so that the sequence rises once when time changes the bundle, whichever replica sees it.
   */
  readonly lapsed?: readonly string[] | undefined;
  /** Keys of authorities that were let go, until it is sure that they are destroyed; see `keysLetGo`. */
  readonly keysToDestroy?: readonly string[] | undefined;
  /** The last steps, oldest first; a step that was undone is not among them. */
  readonly steps: readonly Step[];
  /** What the last rehearsal said. */
  readonly forecast?: StoredForecast | undefined;
  /** Names the key-encryption key with which keys were ordered to be wrapped last; absent: the first of each server's file. */
  readonly keyEncryptionKeyId?: string | undefined;
  /** Bundles of other trust domains, by name. */
  readonly federated?: readonly StoredBundle[] | undefined;
  /** For deciders that may join. */
  readonly joinTokens?: readonly StoredJoinToken[] | undefined;
}

/** The state before anything was made. */
export function emptyState(trustDomain: TrustDomain): AuthorityState {
  return { trustDomain, sequence: 0, crlNumber: 0, revocationSequence: 0, authorities: [], steps: [] };
}

/** The authorities of one use in one of the slots, in the order in which they were made. */
export function authoritiesIn(
  state: AuthorityState,
  use: AuthorityUse,
  ...slots: readonly Slot[]
): readonly AuthorityRecord[] {
  return state.authorities.filter((each) => each.use === use && slots.includes(each.slot));
}

/** The one that signs, if there is one. */
export function activeOf(state: AuthorityState, use: AuthorityUse): AuthorityRecord | undefined {
  return authoritiesIn(state, use, 'active')[0];
}

/** The one that would sign next, if there is one. */
export function preparedOf(state: AuthorityState, use: AuthorityUse): AuthorityRecord | undefined {
  return authoritiesIn(state, use, 'prepared')[0];
}

/** The state in which their keys are to be destroyed: it is written with the step that lets them go, so that no crash forgets one. */
export function lettingGo(state: AuthorityState, gone: readonly AuthorityRecord[]): AuthorityState {
  const ids = gone.filter(({ keyDestroyed }) => !keyDestroyed).map(({ id }) => id);
  return ids.length === 0 ? state : { ...state, keysToDestroy: [...new Set([...(state.keysToDestroy ?? []), ...ids])] };
}

/** The keys that are to be destroyed; never one that an authority may sign with, whatever was merged into the state. */
export function keysLetGo(state: AuthorityState): readonly string[] {
  const needed = new Set(state.authorities.filter(({ keyDestroyed }) => !keyDestroyed).map(({ id }) => id));
  return (state.keysToDestroy ?? []).filter((id) => !needed.has(id));
}

const trusted: readonly Slot[] = ['prepared', 'active', 'old', 'tainted'];

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** The bundle that this state publishes at that instant: every authority that is neither revoked nor expired. */
export function bundleOf(state: AuthorityState, refreshHintSeconds: number, atMs: number): OwnBundle {
  const roots = authoritiesIn(state, 'x509', ...trusted).flatMap((each) => each.roots.map(bytesOf));
  return {
    trustDomain: state.trustDomain,
    sequence: state.sequence,
    refreshHintSeconds,
    x509Authorities: publishedRoots(roots, atMs),
    jwtAuthorities: authoritiesIn(state, 'jwt', ...trusted).flatMap((each) =>
      each.jwk && atMs < each.notAfterAt ? [{ keyId: each.id, jwk: each.jwk }] : [],
    ),
  };
}

/** What stands between the leaves of trusted X.509 authorities and the bundle, in the order in which it would be published. */
export function intermediatesOf(state: AuthorityState, atMs: number): readonly Uint8Array[] {
  const between = authoritiesIn(state, 'x509', ...trusted).flatMap(({ certificate, chain, roots }) =>
    [...(certificate === undefined ? [] : [certificate]), ...chain].filter((each) => !roots.includes(each)),
  );
  return publishedRoots(between.map(bytesOf), atMs);
}

/** What a bundle could hold by the slots alone, each with its life: certificates by SHA-256, JWT keys by id. */
function trustedLives(state: AuthorityState): ReadonlyMap<string, Life> {
  const lives = new Map<string, Life>();
  for (const { roots } of authoritiesIn(state, 'x509', ...trusted))
    for (const root of roots) lives.set(hash('sha256', bytesOf(root)), readCertificate(bytesOf(root)));
  for (const each of authoritiesIn(state, 'jwt', ...trusted)) lives.set(each.id, each);
  return lives;
}

/** What the clock keeps out of the bundle, or at its end: see `AuthorityState.lapsed`. */
export function lapsedAt(state: AuthorityState, atMs: number): readonly string[] {
  return [...trustedLives(state)]
    .filter(([, { notBeforeAt, notAfterAt }]) => atMs < notBeforeAt || atMs >= notAfterAt)
    .map(([id]) => id)
    .sort();
}

/** What is published in its place, as text that is equal for equal content. */
export function publishedKey(state: AuthorityState): string {
  const lapsed = new Set(state.lapsed);
  return [...trustedLives(state).keys()]
    .filter((each) => !lapsed.has(each))
    .sort()
    .join();
}

const FORMAT = 1;

/** The state as the text that a store keeps. */
export function stateToText(state: AuthorityState): string {
  return JSON.stringify({ format: FORMAT, ...state });
}

/**
 * Reads what `stateToText` wrote.
 *
 * @throws GatehouseError `store_unusable` when it is of a newer format or not whole
 */
export function stateFromText(text: string): AuthorityState {
  const document = parse(text);
  if (document.format !== FORMAT) {
    throw new GatehouseError(
      'store_unusable',
      `the authority's state has format ${document.format}, this program reads ${FORMAT}; run a newer Gatehouse`,
    );
  }
  return {
    trustDomain: parseTrustDomain(document.trustDomain),
    sequence: document.sequence,
    crlNumber: document.crlNumber,
    revocationSequence: document.revocationSequence,
    lapsed: document.lapsed ?? [],
    steps: document.steps ?? [],
    forecast: document.forecast,
    federated: document.federated,
    joinTokens: document.joinTokens,
    keyEncryptionKeyId: document.keyEncryptionKeyId,
    keysToDestroy: document.keysToDestroy,
    authorities: document.authorities.map((each) => ({ ...absent, ...each })),
  };
}

/** JSON drops undefined members; a record has them all. */
const absent = {
  certificate: undefined,
  jwk: undefined,
  activatedAt: undefined,
  taintedAt: undefined,
  revokedAt: undefined,
  keyDestroyed: false,
};

function parse(text: string): AuthorityState & { readonly format: number } {
  try {
    return JSON.parse(text); // written by stateToText, under the store's own checksums
  } catch (thrown) {
    throw new GatehouseError(
      'store_unusable',
      "the authority's state is not whole; restore a backup",
      {},
      { cause: thrown },
    );
  }
}

/** A forecast in the size in which it is kept. */
export interface StoredForecast {
  /** Milliseconds since 1970; undefined: not by waiting alone. */
  readonly startAt: number;
  readonly activateSafeAt: number | undefined;
  readonly taintSafeAt: number | undefined;
  readonly revokeSafeAt: number | undefined;
  readonly liveSvids: number;
  /** SPIFFE IDs of who would not be ready by waiting; at most 100. */
  readonly laggards: readonly string[];
  readonly signingPeakPerSecond: number;
}

/** The bundle of another trust domain, as it came in last. */
export interface StoredBundle {
  readonly trustDomain: TrustDomain;
  /** Decimal digits: it may be beyond 2^53. */
  readonly sequence: string;
  readonly refreshHintSeconds: number;
  /** DER in base64, in the order in which they leave. */
  readonly x509Authorities: readonly string[];
  readonly jwtAuthorities: readonly JwtAuthority[];
  /** Somebody has set it by hand: it holds whatever the configuration says. */
  readonly isSet: boolean;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** One that was not used yet. */
export interface StoredJoinToken {
  /** Lower-case hex SHA-256. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The only decider that may use it; absent: any that is not known yet. */
  readonly decider?: string;
}
