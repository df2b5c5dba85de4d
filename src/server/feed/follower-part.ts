/**
 * A server that is only a decider, as the composition root sees it: what it knows, and whether that is fresh.
 * @module
 */
import type { FeedStatus } from '../../admin-api/status.ts';
import type { Config } from '../../config/config.ts';
import type { GatehouseError } from '../../errors.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import type { KeptTexts } from '../../platform/storage/kept-texts.ts';
import type { Deciders } from '../decider/deciders.ts';
import type { TlsRole } from '../tls/tls-role.ts';
import { type FeedRole, feedTrouble, openFeedRole } from './feed-role.ts';

export interface FollowerPart extends AsyncDisposable {
  readonly client: FeedRole['client'];
  /** Something is known, so there is something to decide by. */
  readonly knows: boolean;
  /** For the admin API. */
  status(): FeedStatus;
  /** Sets what is only known by looking. */
  look(): void;
}

export interface FollowerDeps {
  readonly config: Config;
  readonly kept: KeptTexts;
  readonly tls: TlsRole;
  readonly deciders: Deciders | undefined;
  readonly board: ReadinessBoard;
  readonly metrics: Metrics;
  readonly report: (error: GatehouseError) => void;
}

const LOOK_EVERY_MS = 500;

/** Starts following the authority. @throws GatehouseError `config_invalid` */
export function openFollower({ config, kept, tls, deciders, board, metrics, report }: FollowerDeps): FollowerPart {
  const hold = () => {
    const sights = deciders?.sights() ?? [];
    return {
      // None runs for a moment: then none refuses by anything.
      revocationSequence: sights.length === 0 ? -1 : Math.min(...sights.map((each) => each.revocationSequence)),
      peersWithCertificate: sights.reduce((sum, each) => sum + each.peersWithCertificate, 0),
      peersWithout: sights.reduce((sum, each) => sum + each.peersWithout, 0),
    };
  };
  const role = openFeedRole({ config, kept, identity: tls.primary, hold, report });
  const { client, decider } = role;
  const knows = (): boolean => client.bundles.value !== undefined && client.revocations.value !== undefined;
  const look = (): void => {
    const why = feedTrouble(client, config.feed.maxAgeMs);
    // An authority that speaks and whose store is away knows of nothing newer: that is its outage, and no reason to leave us.
    const isBeside = knows() && client.disconnected.value === '';
    board.set('feed', isBeside ? '' : why);
    board.degrade('feed', isBeside && why !== '' ? [`feed: ${why}`] : []);
    metrics.setStoreUp(why === '');
    metrics.setFeedAge(client.ageMs() / 1000);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  const unsubscribe = [client.disconnected, client.bundles, client.revocations].map((each) =>
    (each as typeof client.disconnected).subscribe(look),
  );
  look();
  tls.keep(role.source, role.initial);
  return {
    client,
    get knows() {
      return knows();
    },
    status: () => ({
      decider,
      authorityAddresses: config.authorityAddresses,
      connected: client.disconnected.value === '',
      why: client.disconnected.value,
      ageSeconds: Number.isFinite(client.ageMs()) ? client.ageMs() / 1000 : null,
      bundleSequence: client.bundles.value?.own.sequence ?? null,
      revocationSequence: client.revocations.value?.sequence ?? null,
    }),
    look,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const each of unsubscribe) each();
      await role[Symbol.asyncDispose]();
    },
  };
}
