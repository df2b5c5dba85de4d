/**
 * Our own identities: kept for every listener that has TLS, told to whoever accepts there.
 * @module
 */
import type { Config } from '../../config/config.ts';
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
  const { listen, trustDomain, tls } = config;
  const stack = new DisposableStack();
  const isAuthority = config.roles.includes('authority');
  const primary = createWatchable<TlsIdentity | undefined>(undefined);
  const deciders = isAuthority ? createWatchable<TlsIdentity | undefined>(undefined) : primary;
  const admission = createWatchable<TlsIdentity | undefined>(undefined);
  const documents = createWatchable<TlsIdentity | undefined>(undefined);
  const [authorityId, deciderId] = [authorityIdOf(trustDomain), deciderIdOf(trustDomain)];
  const { admin, health, feed, istioCa, xds, accessLog } = listen;
  const ofPrimary = [...admin, health, feed, istioCa, xds, accessLog].some(hasTls);
  const ofDeciders = config.roles.includes('decider') && [listen.extAuthz, listen.httpAuth].some(hasTls);
  const isFollower = config.authorityAddresses.some((each) => !each.startsWith('unix:'));
  const kept = (
    isAuthority
      ? [
          { into: primary, spiffeId: authorityId, needed: ofPrimary, dnsNames: tls.dnsNames },
          { into: deciders, spiffeId: deciderId, needed: ofDeciders, dnsNames: tls.dnsNames },
          { into: admission, spiffeId: authorityId, ...ofAdmission(config) },
          { into: documents, spiffeId: authorityId, ...ofDocuments(config) },
        ]
      : [
          {
            into: primary,
            spiffeId: deciderId,
            needed: ofPrimary || ofDeciders || isFollower,
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

/** Whether a listener's callers speak TLS. */
function hasTls(listener: Config['listen']['feed']): boolean {
  return listener?.kind === 'tcp' && listener.tls;
}

/** An SVID of its own, so that no other listener of ours could stand for the webhook. */
function ofAdmission({ listen, admission: { service } }: Config) {
  return {
    needed: listen.admission !== undefined && listen.admission.shown === undefined,
    dnsNames: service === undefined ? [] : [`${service.name}.${service.namespace}.svc`],
  };
}

/** An SVID of its own too: it goes to a process that strangers talk to. */
function ofDocuments({ listen, authority: { jwtIssuer }, tls }: Config) {
  return {
    needed: [listen.oidc, listen.bundle].some((each) => each !== undefined && each.shown === undefined),
    dnsNames: [...new Set([...(jwtIssuer === undefined ? [] : [new URL(jwtIssuer).hostname]), ...tls.dnsNames])],
  };
}
