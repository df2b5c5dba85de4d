/**
 * What stands in for the authority in a server that is only a decider: it follows one elsewhere, and has its own SVID from there.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import type { Config } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import { EnrolRequestSchema, type EnrolResponse } from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import { renewDueAt } from '../../identity/authority/rotate/schedule.ts';
import { generateKeyDer, type KeyPairDer } from '../../identity/pki/key-type.ts';
import { makeCsr } from '../../identity/pki/make-csr.ts';
import { verifySvidChain } from '../../identity/pki/svid-chain.ts';
import { systemClock } from '../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { StoredTexts } from '../../platform/storage/stored-texts.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import { ownBundleFromJwks } from '../../spiffe/bundle-jwks.ts';
import { deciderIdOf } from '../../spiffe/own-ids.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import type { OwnIdentityDeps } from '../tls/own-identity.ts';
import { createFeedClient, type FeedClient, type FeedClientDeps } from './feed-client.ts';
import { connectFeed, type FeedCredentials } from './feed-connection.ts';
import { openFeedMemory } from './feed-memory.ts';
import { readJoinFile, requireJoinFile } from './join-file.ts';

/** The following side: what is heard, and our own SVID from there. */
export interface FeedRole extends AsyncDisposable {
  readonly client: FeedClient;
  /** Gives the SVID of our own, for whoever keeps it fresh. */
  readonly source: OwnIdentityDeps['source'];
  /** The one that was kept over a restart, if it has not expired. */
  readonly initial: X509Svid | undefined;
  /** The name by which the authority knows us. */
  readonly decider: string;
}

export interface FeedRoleDeps {
  readonly config: Config;
  readonly kept: StoredTexts;
  /** The identity that is in use. */
  readonly identity: Watchable<TlsIdentity | undefined>;
  readonly hold: FeedClientDeps['hold'];
  readonly outbox: FeedClientDeps['outbox'];
  readonly derive: FeedClientDeps['derive'];
  readonly report: (error: GatehouseError) => void;
}

const isUnix = (address: string): boolean => address.startsWith('unix:');

/** Starts following. @throws GatehouseError `config_invalid` when nothing lets us join */
export function openFeedRole(deps: FeedRoleDeps): FeedRole {
  const { config, kept, identity, hold, report, outbox, derive } = deps;
  const { trustDomain, authorityAddresses: addresses } = config;
  const memory = openFeedMemory(kept, trustDomain);
  const known = memory.svid();
  const now = systemClock.now();
  const initial = known !== undefined && known.notBeforeAt <= now && now < known.notAfterAt ? known : undefined;
  if (initial === undefined && !addresses.every(isUnix)) requireJoinFile(config);
  let held = initial;
  let askedFor: string | undefined;
  let turn = 0;
  const renewals = createWatchable(0);
  const bundles = createWatchable(memory.bundles() ?? nothingKnown(trustDomain));
  const client = createFeedClient({
    trustDomain,
    addresses,
    memory,
    credentials(address) {
      if (isUnix(address)) return undefined;
      const { value } = identity;
      return value === undefined ? 'wait' : credentialsOf(value);
    },
    hold,
    outbox,
    derive,
    svid: () =>
      held && {
        serial: held.serial,
        authorityId: held.authorityId,
        notBeforeAt: BigInt(held.notBeforeAt),
        notAfterAt: BigInt(held.notAfterAt),
      },
    renew() {
      if (held === undefined || askedFor === held.serial) return;
      askedFor = held.serial;
      renewals.replace(renewals.value + 1);
    },
    report,
    now: () => systemClock.now(),
  });
  client.bundles.subscribe((next) => {
    if (next !== undefined) bundles.replace(next);
  });
  identity.subscribe(() => client.reconnect());

  const issueX509 = async (): Promise<X509Svid> => {
    const address = addresses[turn++ % addresses.length]!;
    const keys = await generateKeyDer('ec-p256');
    const { value } = identity;
    const join =
      value === undefined && !isUnix(address) ? readJoinFile(requireJoinFile(config), trustDomain) : undefined;
    const who = isUnix(address) ? undefined : join ? { trustedPem: join.bundle } : value && credentialsOf(value);
    using connection = connectFeed(address, trustDomain, who);
    const answer = await connection.enrol(
      create(EnrolRequestSchema, { csr: makeCsr(keys), joinToken: join?.token ?? '', decider: memory.decider }),
    );
    const [svid, own] = svidOf(answer, keys, config);
    memory.keepSvid(svid);
    if (bundles.value.own.x509Authorities.length === 0) {
      const first = { own, intermediates: svid.chain.slice(1), federated: new Map() };
      memory.keepBundles(first);
      bundles.replace(first);
    }
    held = svid;
    return svid;
  };
  return {
    client,
    source: {
      bundles,
      renewals,
      issueX509,
      renewAt: (svid) => (svid.serial === askedFor ? 0 : renewDueAt(svid, svid.serial)),
    },
    initial,
    decider: memory.decider,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

const credentialsOf = ({ trustedPem, ...own }: TlsIdentity): FeedCredentials => ({ trustedPem, own });

function nothingKnown(trustDomain: Config['trustDomain']): BundleSet {
  const own = { trustDomain, sequence: 0, refreshHintSeconds: 300, x509Authorities: [], jwtAuthorities: [] };
  return { own, intermediates: [], federated: new Map() };
}

/** Believes nothing that the bundle of the same answer does not vouch for. */
function svidOf(
  { chain, bundle, authorityId }: EnrolResponse,
  keys: KeyPairDer,
  { trustDomain }: Config,
): readonly [X509Svid, BundleSet['own']] {
  const own = ownBundleFromJwks(trustDomain, bundle?.document ?? '');
  const verdict = verifySvidChain(chain, own, systemClock.now());
  if (!verdict.ok) {
    const hint =
      verdict.problem === 'not_yet_valid' || verdict.problem === 'expired'
        ? '; compare the clocks of both machines'
        : '';
    throw new GatehouseError(
      'certificate_invalid',
      `the SVID from the authority is not valid: ${verdict.detail}${hint}`,
    );
  }
  const { leaf, spiffeId } = verdict;
  if (spiffeId !== deciderIdOf(trustDomain) || Buffer.compare(leaf.spki, keys.spki) !== 0)
    throw new GatehouseError('certificate_invalid', `the authority gave an SVID of ${spiffeId} that is not ours`);
  const { serial, notBeforeAt, notAfterAt } = leaf;
  return [{ spiffeId, chain, privateKey: keys.pkcs8, serial, notBeforeAt, notAfterAt, authorityId }, own];
}

/** Why what we know is too old; empty when it is not. */
export function feedTrouble(client: FeedClient, maxAgeMs: number): string {
  const { bundles, revocations, disconnected } = client;
  if (bundles.value === undefined || revocations.value === undefined)
    return `nothing is known of the authority yet: ${disconnected.value || 'its first word is awaited'}`;
  const ageMs = client.ageMs();
  if (ageMs <= maxAgeMs) return '';
  const age = Number.isFinite(ageMs) ? `${Math.round(ageMs / 1000)} s old` : 'of before the start';
  return `what is known of the authority is ${age}: ${disconnected.value || 'its store is away'}`;
}
