/**
 * The identity side of a server that is only a decider: it follows the authority elsewhere, and goes by what it has heard of it.
 * @module
 */

import { GatehouseError } from '../../errors.ts';
import { createExecutables } from '../../identity/attestation/executable.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import { createAccounts } from '../../lib/accounts.ts';
import { createWatchable } from '../../lib/watchable.ts';
import type { AllDeciders } from '../decider/all-deciders.ts';
import type { IdentityListeners, IdentitySide, IdentitySideDeps } from '../identity-interface.ts';
import type { DecidersHold, FeedClient } from './feed-client.ts';
import type { Derive } from './feed-questions.ts';
import { feedTrouble, openFeedRole } from './feed-role.ts';
import { createReportOutbox } from './report-outbox.ts';

const LOOK_EVERY_MS = 500;

const notYet: Derive = () => Promise.reject(new GatehouseError('not_ready', 'this decider is still starting'));

/** Here nobody gets identities. */
const noListeners: IdentityListeners = {
  addresses: {},
  takeTallies: () => [],
  drain: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

/** Starts following the authority. @throws GatehouseError `config_invalid` when nothing lets us join */
export function openFollowerSide(deps: IdentitySideDeps): IdentitySide {
  const { kept, tls, deciders, looks, report } = deps;
  const config = deps.config.value;
  if (config.entries.length > 0 || config.workloads.some(({ socket }) => socket !== undefined))
    deps.log.warn(
      { code: 'entries_unused' },
      'entries and sockets of workloads mean nothing on a server without the authority role: it gives no identities',
    );
  const outbox = createReportOutbox(deps.counts);
  let derive: Derive = notYet;
  const role = openFeedRole({
    ...{ config, kept, identity: tls.primary, report, outbox },
    hold: () => holdingOf(deciders),
    derive: (id) => derive(id),
  });
  const { client, decider } = role;
  const watching = watchFeed(deps, client);
  tls.keep(role.source, role.initial);
  looks.push(watching.look);
  return {
    bundles: client.bundles,
    revocations: client.revocations,
    entries: createWatchable<readonly Entry[]>([]),
    accounts: createAccounts(),
    executables: createExecutables(),
    operations: undefined,
    remote: undefined,
    deriveBy: (given) => {
      derive = given;
    },
    refused: outbox.refused,
    tellInForce: () => client.tell(),
    decided: outbox.decided,
    optionalParts: () => (isKnown(client) ? ['feed'] : []),
    status: () => ({
      feed: {
        decider,
        authorityAddresses: config.authorityAddresses,
        connected: client.disconnected.value === '',
        why: client.disconnected.value,
        ageSeconds: Number.isFinite(client.ageMs()) ? client.ageMs() / 1000 : null,
        bundleSequence: client.bundles.value?.own.sequence ?? null,
        revocationSequence: client.revocations.value?.sequence ?? null,
      },
    }),
    listen: async () => noListeners,
    reconfigure: async () => undefined,
    async [Symbol.asyncDispose]() {
      watching[Symbol.dispose]();
      await role[Symbol.asyncDispose]();
    },
  };
}

const isKnown = ({ bundles, revocations }: FeedClient): boolean =>
  bundles.value !== undefined && revocations.value !== undefined;

/** What our deciders refuse by and have seen, for the authority. */
function holdingOf(deciders: AllDeciders): DecidersHold {
  const statuses = deciders.statuses();
  return {
    // None runs for a moment: then none refuses by anything.
    revocationSequence: statuses.length === 0 ? -1 : Math.min(...statuses.map((each) => each.revocationSequence)),
    peersWithCertificate: statuses.reduce((sum, each) => sum + each.peersWithCertificate, 0),
    peersWithout: statuses.reduce((sum, each) => sum + each.peersWithout, 0),
  };
}

/** Keeps readiness and metrics by how fresh is what is known. */
function watchFeed(
  { config, board, metrics }: IdentitySideDeps,
  client: FeedClient,
): Disposable & { readonly look: () => void } {
  const look = (): void => {
    const why = feedTrouble(client, config.value.feed.maxAgeMs);
    // An authority that speaks and whose store is away knows of nothing newer: that is its outage, and no reason to leave us.
    const isBeside = isKnown(client) && client.disconnected.value === '';
    board.set('feed', isBeside ? '' : why);
    board.degrade('feed', isBeside && why !== '' ? [`feed: ${why}`] : []);
    metrics.setStoreUp(why === '');
    metrics.setFeedAge(client.ageMs() / 1000);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  const { disconnected, bundles, revocations } = client;
  const unsubscribe = [disconnected.subscribe(look), bundles.subscribe(look), revocations.subscribe(look)];
  look();
  return {
    look,
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const each of unsubscribe) each();
    },
  };
}
