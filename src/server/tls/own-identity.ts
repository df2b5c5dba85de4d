/**
 * Keeps an SVID of our own for our listeners: signed by our authority, renewed in time, replaced while they serve.
 * @module
 */
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import { certificatesToPem, toPem } from '../../identity/pki/pem.ts';
import { publishedRoots } from '../../identity/pki/published-roots.ts';
import type { IdentitySource } from '../../identity/source/identity-source.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ticks } from '../../lib/ticks.ts';
import type { WatchableSource } from '../../lib/watchable.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';

export interface OwnIdentityDeps {
  readonly source: Pick<IdentitySource, 'issueX509' | 'renewAt' | 'bundles' | 'renewals'>;
  readonly spiffeId: SpiffeId;
  /** One that was kept over a restart. */
  readonly initial?: X509Svid | undefined;
  readonly dnsNames: readonly string[];
  /** Where it is put; undefined while there is none that is valid. */
  readonly into: WatchableSource<TlsIdentity | undefined>;
  readonly clock: Clock;
  readonly ticks: Ticks;
  readonly report: (error: GatehouseError) => void;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Starts keeping it. The first is asked for at once; failures are told and tried again. */
export function keepOwnIdentity(deps: OwnIdentityDeps): Disposable {
  const { source, spiffeId, dnsNames, into, clock, ticks, report } = deps;
  let held = deps.initial;
  let asking = false;
  let retryMs = FIRST_RETRY_MS;
  let retryAt = 0;
  let ended = false;

  /** Whom to believe now: a bundle that was kept while its authority is away may hold what has expired since. */
  const trusted = (): string =>
    certificatesToPem(publishedRoots(source.bundles.value.own.x509Authorities, clock.now()));
  const publish = (): void => {
    if (held?.privateKey === undefined || ended) return;
    into.replace({
      chainPem: certificatesToPem(held.chain),
      keyPem: toPem('PRIVATE KEY', held.privateKey),
      trustedPem: trusted(),
    });
  };
  const ask = async (): Promise<void> => {
    asking = true;
    try {
      held = await source.issueX509({
        entitlement: { spiffeId, x509SvidTtlMs: 0, jwtSvidTtlMs: 0, dnsNames, hint: '', federatesWith: [] },
        selectors: [],
        channel: 'self',
      });
      retryMs = FIRST_RETRY_MS;
      retryAt = 0;
      publish();
    } catch (thrown) {
      retryAt = clock.now() + retryMs;
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      report(failure(asGatehouseError(thrown), spiffeId, held));
    } finally {
      asking = false;
    }
  };
  const look = (): void => {
    const now = clock.now();
    if (held !== undefined && (now < held.notBeforeAt || now >= held.notAfterAt)) {
      held = undefined;
      into.replace(undefined);
    }
    if (into.value !== undefined && into.value.trustedPem !== trusted()) publish();
    const isDue = held === undefined || now >= source.renewAt(held);
    // A clock that was set back must not stop the next try.
    const mayTry = now >= retryAt || retryAt - now > LAST_RETRY_MS;
    if (isDue && mayTry && !asking) void ask();
  };
  const subscriptions = [
    ticks.subscribe(look),
    source.renewals.subscribe(look),
    source.bundles.subscribe(() => {
      publish();
      look();
    }),
  ];
  publish();
  look();
  return {
    [Symbol.dispose]() {
      ended = true;
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

function failure(cause: GatehouseError, spiffeId: SpiffeId, held: X509Svid | undefined): GatehouseError {
  const until =
    held === undefined
      ? 'our TLS listeners close every new connection until it is'
      : `the one in use ends at ${new Date(held.notAfterAt).toISOString()}`;
  return new GatehouseError(
    cause.code,
    `our own SVID ${spiffeId} could not be issued: ${cause.message}; ${until}`,
    { spiffeId, reason: cause.message },
    { cause },
  );
}
