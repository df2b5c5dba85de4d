/**
 * What of this server anybody may fetch: OIDC discovery, and the bundle for other trust domains. Their documents follow the bundle,
 * and a rotation waits until fetchers may have them.
 * @module
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { oidcDocuments } from '../../identity/delivery/oidc/oidc-documents.ts';
import type { IdentitySource } from '../../identity/source/identity-source.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import { bundleToJwks } from '../../spiffe/bundle-jwks.ts';
import type { TcpAddress } from '../../transport/listen/listen-address.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { watchShownFiles } from '../tls/certificate-files.ts';
import { startDocumentProcess } from './document-process.ts';
import type { PublicDocument, Served } from './messages.ts';

export interface PublicSideDeps {
  readonly config: Config;
  readonly source: Pick<IdentitySource, 'bundles' | 'acknowledge' | 'forget'>;
  /** An SVID of our own, shown where no files are named. */
  readonly own: Watchable<TlsIdentity | undefined>;
  readonly log: Log;
  readonly board: Pick<ReadinessBoard, 'degrade'>;
  readonly metrics: Pick<Metrics, 'countLane' | 'setLaneConnections'>;
  readonly looks: (() => void | Promise<void>)[];
}

/** A listener whose documents anybody may fetch. */
export interface PublicSide extends AsyncDisposable {
  readonly address: TcpAddress;
}

interface Offer {
  /** As people call it. */
  readonly title: string;
  /** In acknowledgements, whose fetchers say nothing. */
  readonly channel: 'oidc' | 'bundle-endpoint';
  /** Undefined: there is nothing yet. */
  readonly documents: (bundle: Bundle, config: Config) => readonly PublicDocument[] | undefined;
}

/** Caches between us and clients add to the clients' own: a small part of how long a rotation waits for them. */
const MAX_AGE_PART = 1 / 10;
const MOST_AGE_SECONDS = 60;
const maxAgeOf = (waitMs: number): number => Math.min(MOST_AGE_SECONDS, Math.floor((waitMs / 1_000) * MAX_AGE_PART));

const offers: Readonly<Record<'oidc' | 'bundle', Offer>> = {
  oidc: {
    title: 'OIDC discovery',
    channel: 'oidc',
    documents(bundle, { authority: { jwtIssuer = '', oidcLeadMs } }) {
      const made = oidcDocuments(jwtIssuer, bundle); // the rules of the configuration want an issuer
      const maxAgeSeconds = maxAgeOf(oidcLeadMs);
      return (
        made && [
          { ...made.discovery, type: 'application/json', maxAgeSeconds },
          { ...made.keys, type: 'application/jwk-set+json', maxAgeSeconds },
        ]
      );
    },
  },
  bundle: {
    title: 'the bundle endpoint',
    channel: 'bundle-endpoint',
    documents(bundle) {
      if (bundle.x509Authorities.length + bundle.jwtAuthorities.length === 0) return undefined; // it would revoke everything
      const maxAgeSeconds = maxAgeOf(bundle.refreshHintSeconds * 1_000);
      return [{ path: '/', type: 'application/json', body: bundleToJwks(bundle), maxAgeSeconds }];
    },
  },
};

/** Opens one, where the configuration has it. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openPublic(name: 'oidc' | 'bundle', deps: PublicSideDeps): Promise<PublicSide | undefined> {
  const { config, source, log, board, metrics, looks } = deps;
  const at = config.listen[name];
  if (at === undefined) return undefined;
  const { title, channel, documents } = offers[name];
  await using stack = new AsyncDisposableStack();
  const key = `listen.${name}`;
  const failed = (why: string): void => log.warn(`${key}.tls: ${why}`);
  const identity = at.shown === undefined ? deps.own : stack.use(watchShownFiles(key, at.shown, failed)).identity;
  const consumer = `${channel}:${randomUUID()}`;
  const served = (): Served => ({
    identity: identity.value,
    documents: documents(source.bundles.value.own, config),
  });
  const listener = stack.use(
    await startDocumentProcess({
      ...{ address: at, connections: connectionLimit(name), served: served() },
      failed: (message) => log.error(`${title}: ${message}`),
      down(why) {
        board.degrade(name, why === undefined ? [] : [`${key}: ${why}`]);
        if (why === undefined) log.info(`${title}: served again`);
        else log.error(`${title}: ${why}; another is started`);
      },
    }),
  );
  const tell = (): void => {
    listener.serve(served());
    source.acknowledge({
      ...{ consumer, channel, spiffeIds: [], grade: 'sent' },
      sequence: source.bundles.value.own.sequence,
    });
  };
  for (const each of [source.bundles, identity]) stack.defer(each.subscribe(tell));
  stack.defer(() => source.forget(consumer));
  tell(); // what came while it was started
  looks.push(async () => {
    const tally = await listener.takeTally();
    if (tally === undefined) return;
    metrics.countLane(name, tally);
    metrics.setLaneConnections(name, tally.connections);
  });
  const opened = stack.move();
  return { address: listener.address, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
