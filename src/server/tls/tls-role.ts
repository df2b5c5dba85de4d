/**
 * Our own identities: kept for every listener that has TLS, told to whoever accepts there.
 * @module
 */
import type { Config } from '../../config/config.ts';
import { type NamedListener, openedListeners } from '../../config/listeners/table.ts';
import type { GatehouseError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { createTicks } from '../../lib/ticks.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import { authorityIdOf, deciderIdOf } from '../../spiffe/own-ids.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { keepOwnIdentity, type OwnIdentityDeps } from './own-identity.ts';

/** Our own TLS identities by listener. */
export interface TlsRole extends Disposable {
  /** Of the listeners that the primary serves; undefined while none is valid. */
  readonly primary: Watchable<TlsIdentity | undefined>;
  /** Of the admission webhook: it has the name of the Service that is asked. */
  readonly admission: Watchable<TlsIdentity | undefined>;
  /** Of what anybody may fetch: it has the host name of the JWT issuer. */
  readonly documents: Watchable<TlsIdentity | undefined>;
  /** Of the listener of Checks. */
  readonly deciders: Watchable<TlsIdentity | undefined>;
  /** Asks the authority, here or elsewhere, for what the listeners need, and keeps it fresh. */
  keep(source: OwnIdentityDeps['source'], initial?: X509Svid): void;
}

export interface TlsRoleDeps {
  readonly config: Config;
  readonly report: (error: GatehouseError) => void;
  /** Told whether listeners wait for an identity; empty: none does. */
  readonly waiting: (why: string) => void;
}

const TICK_MS = 250;

/** Creates the role; nothing is asked for before `keep`. */
export function createTlsRole({ config, report, waiting }: TlsRoleDeps): TlsRole {
  const { trustDomain, tls } = config;
  const stack = new DisposableStack();
  const isAuthority = config.roles.includes('authority');
  const primary = createWatchable<TlsIdentity | undefined>(undefined);
  const deciders = isAuthority ? createWatchable<TlsIdentity | undefined>(undefined) : primary;
  const admission = createWatchable<TlsIdentity | undefined>(undefined);
  const documents = createWatchable<TlsIdentity | undefined>(undefined);
  const [authorityId, deciderId] = [authorityIdOf(trustDomain), deciderIdOf(trustDomain)];
  const shown = new Set(openedListeners(config).flatMap((each) => (showsOurs(each) ? [each.row.tls] : [])));
  const isFollower = config.authorityAddresses.some((each) => !each.startsWith('unix:'));
  const kept = (
    isAuthority
      ? [
          { into: primary, spiffeId: authorityId, needed: shown.has('primary'), dnsNames: tls.dnsNames },
          { into: deciders, spiffeId: deciderId, needed: shown.has('deciders'), dnsNames: tls.dnsNames },
          { into: admission, spiffeId: authorityId, needed: shown.has('admission'), dnsNames: ofAdmission(config) },
          { into: documents, spiffeId: authorityId, needed: shown.has('documents'), dnsNames: ofDocuments(config) },
        ]
      : [
          {
            into: primary,
            spiffeId: deciderId,
            needed: shown.has('primary') || shown.has('deciders') || isFollower,
            dnsNames: tls.dnsNames,
          },
        ]
  ).filter(({ needed }) => needed);
  let failure = '';
  const look = (): void => {
    const missing = kept.filter(({ into }) => into.value === undefined).map(({ spiffeId }) => spiffeId);
    waiting(
      missing.length === 0 ? '' : `no valid SVID of our own for ${missing.join(', ')}${failure && `: ${failure}`}`,
    );
  };
  const failed = (error: GatehouseError): void => {
    const { reason } = error.details;
    failure = typeof reason === 'string' ? reason : error.message;
    look();
    report(error);
  };
  look();
  return {
    primary,
    admission,
    documents,
    deciders,
    keep(source, initial) {
      const ticks = createTicks(TICK_MS);
      for (const { into, spiffeId, dnsNames } of kept) {
        stack.defer(into.subscribe(look));
        stack.use(
          keepOwnIdentity({
            source,
            spiffeId,
            initial,
            dnsNames,
            into,
            clock: systemClock,
            ticks,
            report: failed,
          }),
        );
      }
    },
    [Symbol.dispose]: () => stack.dispose(),
  };
}

/** Whether its callers are shown an identity of ours. */
function showsOurs({ at }: NamedListener): boolean {
  return at.kind === 'tcp' && at.tls && !('shown' in at && at.shown !== undefined);
}

/** Names in an SVID of its own, so that no other listener of ours could stand for the webhook. */
function ofAdmission({ admission: { service } }: Config): readonly string[] {
  return service === undefined ? [] : [`${service.name}.${service.namespace}.svc`];
}

/** Names in an SVID of its own too: it goes to a process that strangers talk to. */
function ofDocuments({ authority: { jwtIssuer }, tls }: Config): readonly string[] {
  return [...new Set([...(jwtIssuer === undefined ? [] : [new URL(jwtIssuer).hostname]), ...tls.dnsNames])];
}
