/**
 * One caller over the life of its stream: who it is, what it may be, and when to look again.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { createWakeup } from '../../lib/wakeup.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { Connection } from '../../transport/connections.ts';
import type { CallContext } from '../../transport/grpc-methods.ts';
import type { Attestation, Caller } from '../attestation/attestor.ts';
import { entitlements } from '../registration/entitlements.ts';
import type { Entry } from '../registration/entry.ts';
import type { ConsumerStream } from './consumers.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import type { Channel } from './identity-source.ts';

/** What a caller is entitled to at this moment. */
export interface CallerState {
  readonly attestation: Attestation;
  /** Never empty; the first is the default identity. */
  readonly entries: readonly Entry[];
  readonly bundles: BundleSet;
  /** DER. */
  readonly crls: readonly Uint8Array[];
}

export interface CallerWatch extends Disposable {
  /** The consumer that this stream belongs to. */
  readonly stream: ConsumerStream;
  /** @throws GatehouseError `not_entitled`, `attestation_failed`, `authority_not_ready`: the stream must end */
  state(): Promise<CallerState>;
  /** Resolves when there may be something new: a bundle, an entry, a renewal, `dueAt` has come, a knock, or the end of the call. */
  changed(dueAt: number): Promise<void>;
  knock(): void;
}

const LIVENESS_INTERVAL_MS = 1_000;

/** Attests a caller and finds what it is entitled to, once. @throws GatehouseError as `CallerWatch.state` */
export async function lookUpCaller(deps: DeliveryDeps, connection: Connection): Promise<CallerState> {
  return judge(deps, await deps.attestor.attest(callerOf(connection)));
}

/** Opens the watch over a caller's stream. */
export function watchCaller(deps: DeliveryDeps, { connection, signal }: CallContext, channel: Channel): CallerWatch {
  const { source, entries, clock, ticks, observer, consumers } = deps;
  const stream = consumers.open(connection, channel, signal);
  const wakeup = createWakeup();
  let attestation: Attestation | undefined;
  let attestedFor: readonly Entry[] | undefined;
  let due = Number.POSITIVE_INFINITY;
  let lookAt = clock.now() + LIVENESS_INTERVAL_MS;

  const onTick = (): void => {
    const now = clock.now();
    // A clock that was set back must not stop the look.
    const look = now >= lookAt || lookAt - now > LIVENESS_INTERVAL_MS;
    if (look) lookAt = now + LIVENESS_INTERVAL_MS;
    if (now >= due || (look && attestation?.alive() === false)) wakeup.knock();
  };
  const subscriptions = [
    source.bundles.subscribe(wakeup.knock),
    source.renewals.subscribe(wakeup.knock),
    source.crls?.subscribe(wakeup.knock) ?? (() => undefined),
    entries.subscribe(wakeup.knock),
    ticks.subscribe(onTick),
  ];
  observer.streamOpened(channel);

  return {
    stream,
    knock: wakeup.knock,
    async state() {
      if (attestation === undefined || attestedFor !== entries.value) {
        attestedFor = entries.value; // other entries may ask for other facts
        attestation = await deps.attestor.attest(callerOf(connection));
      }
      if (!attestation.alive()) throw new GatehouseError('attestation_failed', 'the calling process has ended');
      return judge(deps, attestation);
    },
    changed(dueAt) {
      due = dueAt;
      return wakeup.wait(signal);
    },
    [Symbol.dispose]() {
      for (const unsubscribe of subscriptions) unsubscribe();
      stream[Symbol.dispose]();
      observer.streamClosed(channel);
    },
  };
}

function judge({ source, entries }: DeliveryDeps, attestation: Attestation): CallerState {
  const entitled = entitlements(entries.value, attestation.selectors);
  if (entitled.length === 0) throw notEntitled(attestation);
  const bundles = source.bundles.value;
  if (bundles.own.x509Authorities.length === 0)
    throw new GatehouseError('authority_not_ready', 'there is no authority yet');
  return { attestation, entries: entitled, bundles, crls: source.crls?.value ?? [] };
}

/** A refusal that shows the caller its own selectors, and nobody else's entries. */
export function notEntitled({ traceId, selectors }: Attestation, what = 'no identity issued'): GatehouseError {
  return new GatehouseError('not_entitled', what, {
    traceId,
    selectors,
    peerText: `${what}: no entry matches your selectors ${selectors.join(' ')} (trace ${traceId})`,
  });
}

function callerOf({ credentials, listener }: Connection): Caller {
  const workloadSocket = listener.kind === 'unix' && listener.attests === 'path' ? listener.path : undefined;
  return { peer: credentials, workloadSocket };
}
