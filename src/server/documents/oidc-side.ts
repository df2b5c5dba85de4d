/**
 * OIDC discovery of this server: its documents follow the bundle, and a rotation waits until fetchers may have them.
 * @module
 */
import { randomUUID } from 'node:crypto';
import type { Config, OneSidedListener } from '../../config/config.ts';
import { oidcDocuments } from '../../identity/delivery/oidc/oidc-documents.ts';
import type { IdentitySource } from '../../identity/source/identity-source.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import type { TcpAddress } from '../../transport/listen/listen-address.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { watchShownFiles } from '../tls/certificate-files.ts';
import { startDocumentProcess } from './document-process.ts';
import type { PublicDocument, Served } from './messages.ts';

export interface OidcSideDeps {
  readonly config: Config;
  readonly source: Pick<IdentitySource, 'bundles' | 'acknowledge' | 'forget'>;
  /** Our own SVID with the issuer's host name. */
  readonly own: Watchable<TlsIdentity | undefined>;
  readonly log: Log;
  readonly board: Pick<ReadinessBoard, 'degrade'>;
  readonly metrics: Pick<Metrics, 'countLane' | 'setLaneConnections'>;
  readonly looks: (() => void | Promise<void>)[];
}

/** Where OIDC clients are answered. */
export interface OidcSide extends AsyncDisposable {
  readonly address: TcpAddress;
}

/** Caches between us and clients add to the clients' own: a small part of the lead. */
const MAX_AGE_PART = 1 / 10;
const MOST_AGE_SECONDS = 60;

/** Opens it. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openOidc(at: OneSidedListener, issuer: string, deps: OidcSideDeps): Promise<OidcSide> {
  const { config, source, log, board, metrics, looks } = deps;
  await using stack = new AsyncDisposableStack();
  const failed = (why: string): void => log.warn(`listen.oidc.tls: ${why}`);
  const identity =
    at.shown === undefined ? deps.own : stack.use(watchShownFiles('listen.oidc', at.shown, failed)).identity;
  const consumer = `oidc:${randomUUID()}`;
  const maxAgeSeconds = Math.min(MOST_AGE_SECONDS, Math.floor((config.authority.oidcLeadMs / 1000) * MAX_AGE_PART));
  const served = (): Served => ({
    identity: identity.value,
    documents: documentsOf(issuer, source.bundles.value.own, maxAgeSeconds),
  });
  const listener = stack.use(
    await startDocumentProcess({
      ...{ address: at, connections: connectionLimit('oidc'), served: served() },
      failed: (message) => log.error(`OIDC discovery: ${message}`),
      down(why) {
        board.degrade('oidc', why === undefined ? [] : [`listen.oidc: ${why}`]);
        if (why === undefined) log.info('OIDC discovery is served again');
        else log.error(`OIDC discovery: ${why}; another is started`);
      },
    }),
  );
  const tell = (): void => {
    listener.serve(served());
    source.acknowledge({
      ...{ consumer, channel: 'oidc', spiffeIds: [], grade: 'sent' },
      sequence: source.bundles.value.own.sequence,
    });
  };
  for (const each of [source.bundles, identity]) stack.defer(each.subscribe(tell));
  stack.defer(() => source.forget(consumer));
  tell(); // what came while it was started
  looks.push(async () => {
    const tally = await listener.takeTally();
    if (tally === undefined) return;
    metrics.countLane('oidc', tally);
    metrics.setLaneConnections('oidc', tally.connections);
  });
  const opened = stack.move();
  return { address: listener.address, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function documentsOf(
  issuer: string,
  bundle: Parameters<typeof oidcDocuments>[1],
  maxAgeSeconds: number,
): readonly PublicDocument[] | undefined {
  const made = oidcDocuments(issuer, bundle);
  if (made === undefined) return undefined;
  return [
    { ...made.discovery, type: 'application/json', maxAgeSeconds },
    { ...made.keys, type: 'application/jwk-set+json', maxAgeSeconds },
  ];
}
