/**
 * One caller over the life of its stream: who it is, what it may be, and when to look again.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { createWakeup } from '../../lib/wakeup.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { CallContext } from '../../transport/grpc-methods.ts';
import type { Connection } from '../../transport/listen/connections.ts';
import type { Attestation, Caller } from '../attestation/attestor.ts';
import { entitlements } from '../registration/entitlements.ts';
import type { Entry } from '../registration/entry.ts';
import type { Channel } from '../source/identity-source.ts';
import type { ConsumerStream } from './consumers.ts';
import type { DeliveryDeps, WaitingStream } from './delivery-deps.ts';

/** What a caller is entitled to at this moment. */
export interface CallerState {
  readonly attestation: Attestation;
  /** Never empty; the first is the default identity. */
  readonly entries: readonly Entry[];
  readonly bundles: BundleSet;
  /** DER. */
  readonly crls: readonly Uint8Array[];
}

/** One open stream of a caller. */
export interface CallerWatch extends Disposable {
  /** The consumer that this stream belongs to. */
  readonly stream: ConsumerStream;
  /** @throws GatehouseError `not_entitled`, `attestation_failed`, `authority_not_ready`: the stream must end */
  state(): Promise<CallerState>;
  /** The same caller with the bundles and CRLs of this instant. */
  newest(state: CallerState): CallerState;
  /** Resolves when there may be something new: a bundle, an entry, a renewal, `dueAt` has come, a wake, or the end of the call. */
  changed(dueAt: number): Promise<void>;
  wake(): void;
}

/** Attests a caller and finds what it is entitled to, once. @throws GatehouseError as `CallerWatch.state` */
export async function lookUpCaller(deps: DeliveryDeps, connection: Connection): Promise<CallerState> {
  return judge(deps, await deps.attestor.attest(callerOf(connection)));
}

/** Opens the watch over a caller's stream. */
export function watchCaller(deps: DeliveryDeps, context: CallContext, channel: Channel): CallerWatch {
  return new Watch(deps, context, channel);
}

/** There may be tens of thousands: it is one object. */
class Watch implements CallerWatch, WaitingStream {
  readonly stream: ConsumerStream;
  readonly wake: () => void;
  dueAt = Number.POSITIVE_INFINITY;
  attestation: Attestation | undefined;
  readonly #deps: DeliveryDeps;
  readonly #context: CallContext;
  readonly #channel: Channel;
  readonly #wakeup = createWakeup();
  #attestedFor: readonly Entry[] | undefined;

  constructor(deps: DeliveryDeps, context: CallContext, channel: Channel) {
    this.#deps = deps;
    this.#context = context;
    this.#channel = channel;
    this.stream = deps.consumers.open(context.connection, channel, context.signal);
    this.wake = this.#wakeup.wake;
    deps.waitingStreams.add(this);
    deps.observer.streamOpened(channel);
  }

  async state(): Promise<CallerState> {
    const { entries, attestor } = this.#deps;
    const isOld = this.#attestedFor !== entries.value || this.attestation?.isStale?.() === true;
    if (this.attestation === undefined || isOld) {
      this.#attestedFor = entries.value; // other entries may ask for other facts
      this.attestation = await attestor.attest(callerOf(this.#context.connection));
    }
    if (!this.attestation.alive())
      throw new GatehouseError('attestation_failed', 'the calling process has ended, or its pod is gone');
    return judge(this.#deps, this.attestation);
  }

  newest(state: CallerState): CallerState {
    const { source } = this.#deps;
    return { ...state, bundles: source.bundles.value, crls: source.crls?.value ?? [] };
  }

  changed(dueAt: number): Promise<void> {
    this.dueAt = dueAt;
    return this.#wakeup.wait(this.#context.signal);
  }

  [Symbol.dispose](): void {
    this.#deps.waitingStreams.remove(this);
    this.stream[Symbol.dispose]();
    this.#deps.observer.streamClosed(this.#channel);
  }
}

function judge({ source, entries, implicit }: DeliveryDeps, attestation: Attestation): CallerState {
  const entitled = entitlements(entries.value, attestation.selectors, implicit);
  if (entitled.length === 0) throw notEntitled(attestation);
  const bundles = source.bundles.value;
  if (bundles.own.x509Authorities.length === 0)
    throw new GatehouseError('authority_not_ready', 'there is no authority yet');
  return { attestation, entries: entitled, bundles, crls: source.crls?.value ?? [] };
}

/** A refusal that shows the caller its own selectors, and nobody else's entries. */
export function notEntitled({ traceId, selectors, pid }: Attestation, what = 'no identity issued'): GatehouseError {
  const unseen =
    pid === 0 ? '; your process cannot be seen from here, so nothing is known of it or its pod (hostPID)' : '';
  return new GatehouseError('not_entitled', what, {
    traceId,
    selectors,
    peerText: `${what}: no entry matches your selectors ${selectors.join(' ')}${unseen} (trace ${traceId})`,
  });
}

function callerOf({ credentials, listener }: Connection): Caller {
  const workloadSocket = listener.kind === 'unix' && listener.attests === 'path' ? listener.path : undefined;
  return { peer: credentials, workloadSocket };
}
