/**
 * What a decider keeps of its authority over a restart: bundles, revocations, its own SVID, its name.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { FeedRevocations } from '../../identity/delivery/feed/feed-deps.ts';
import type { StoredTexts } from '../../platform/storage/stored-texts.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import { bundleFromJwks, bundleToJwks, ownBundleFromJwks } from '../../spiffe/bundle-jwks.ts';
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts';

/** What outlives a restart. `keep…` throws `store_unavailable`. */
export interface FeedMemory {
  /** The same as long as the data directory lives. */
  readonly decider: string;
  bundles(): BundleSet | undefined;
  keepBundles(bundles: BundleSet): void;
  revocations(): FeedRevocations | undefined;
  keepRevocations(revocations: FeedRevocations): void;
  svid(): X509Svid | undefined;
  keepSvid(svid: X509Svid): void;
}

const NAME = 'feed decider';
/** The name of the kept text; it is there if this directory has followed an authority. */
export const FEED_BUNDLES = 'feed bundles';
const REVOCATIONS = 'feed revocations';
const SVID = 'feed svid';

/** Opens it; what belongs to another trust domain counts as nothing. @throws GatehouseError `store_unavailable` */
export function openFeedMemory(kept: StoredTexts, trustDomain: TrustDomain): FeedMemory {
  const decider =
    kept.get(NAME) ??
    `${hostname()
      .replace(/[^A-Za-z0-9.-]/g, '-')
      .slice(0, 64)}-${randomBytes(4).toString('hex')}`;
  kept.set(NAME, decider);
  // Written below, behind the store's own checksums; only the trust domain can have changed since.
  const read = <T extends { readonly trustDomain: string }>(name: string): T | undefined => {
    const text = kept.get(name);
    const value = text === undefined ? undefined : (JSON.parse(text) as T);
    return value?.trustDomain === trustDomain ? value : undefined;
  };
  return {
    decider,
    bundles() {
      const found = read<StoredBundles>(FEED_BUNDLES);
      if (found === undefined) return undefined;
      return {
        own: ownBundleFromJwks(trustDomain, found.own),
        intermediates: (found.intermediates ?? []).map((base64) => Buffer.from(base64, 'base64')),
        federated: new Map(
          Object.entries(found.federated).map(([name, text]) => {
            const foreign = parseTrustDomain(name);
            return [foreign, bundleFromJwks(foreign, text)];
          }),
        ),
      };
    },
    keepBundles({ own, intermediates, federated }) {
      const others = Object.fromEntries([...federated].map(([name, bundle]) => [name, bundleToJwks(bundle)]));
      const text: StoredBundles = {
        trustDomain,
        own: bundleToJwks(own),
        intermediates: intermediates.map((der) => Buffer.from(der).toString('base64')),
        federated: others,
      };
      kept.set(FEED_BUNDLES, JSON.stringify(text));
    },
    revocations() {
      const found = read<FeedRevocations & { trustDomain: string }>(REVOCATIONS);
      return found && { sequence: found.sequence, rows: found.rows };
    },
    keepRevocations: ({ sequence, rows }) => kept.set(REVOCATIONS, JSON.stringify({ trustDomain, sequence, rows })),
    svid() {
      const found = read<StoredSvid & { trustDomain: string }>(SVID);
      if (found === undefined) return undefined;
      const bytes = (base64: string) => Buffer.from(base64, 'base64');
      const { chain, privateKey, spiffeId, serial, notBeforeAt, notAfterAt, authorityId } = found;
      return {
        chain: chain.map(bytes),
        privateKey: bytes(privateKey),
        spiffeId: parseSpiffeId(spiffeId),
        serial,
        notBeforeAt,
        notAfterAt,
        authorityId,
      };
    },
    keepSvid({ chain, privateKey = new Uint8Array(), ...rest }) {
      const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
      const text: StoredSvid = { ...rest, chain: chain.map(base64), privateKey: base64(privateKey) };
      kept.set(SVID, JSON.stringify({ trustDomain, ...text }));
    },
  };
}

interface StoredBundles {
  readonly trustDomain: string;
  readonly own: string;
  /** Absent in what an older version has kept. */
  readonly intermediates?: readonly string[];
  readonly federated: Readonly<Record<string, string>>;
}

interface StoredSvid extends Omit<X509Svid, 'chain' | 'privateKey'> {
  readonly chain: readonly string[];
  readonly privateKey: string;
}
