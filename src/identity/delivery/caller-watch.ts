/**
 * One caller over the life of its stream: who it is, what it may be, and when to look again.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { CallContext } from '../../transport/grpc-methods.ts';
import type { Connection } from '../../transport/listen/connections.ts';
import type { Attestation } from '../attestation/attestor.ts';
import type { Entry } from '../registration/entry.ts';
import type { Channel } from '../source/identity-source.ts';
import { AttestedStream, callerAt, entitled } from './attested-stream.ts';
import type { ConsumerStream } from './consumers.ts';
import type { DeliveryDeps } from './delivery-deps.ts';

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
  return judge(deps, await deps.attestor.attest(callerAt(connection)));
}

/** Opens the watch over a caller's stream. */
export function watchCaller(deps: DeliveryDeps, context: CallContext, channel: Channel): CallerWatch {
  return new Watch(deps, context, channel);
}

class Watch extends AttestedStream implements CallerWatch {
  readonly stream: ConsumerStream;
  readonly #deps: DeliveryDeps;
  readonly #channel: Channel;

  constructor(deps: DeliveryDeps, context: CallContext, channel: Channel) {
    super(deps, context);
    this.#deps = deps;
    this.#channel = channel;
    this.stream = deps.consumers.open(context.connection, channel, context.signal);
    deps.observer.streamOpened(channel);
  }

  async state(): Promise<CallerState> {
    return judge(this.#deps, await this.attested());
  }

  newest(state: CallerState): CallerState {
    const { source } = this.#deps;
    return { ...state, bundles: source.bundles.value, crls: source.crls?.value ?? [] };
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.stream[Symbol.dispose]();
    this.#deps.observer.streamClosed(this.#channel);
  }
}

function judge(deps: DeliveryDeps, attestation: Attestation): CallerState {
  const { source } = deps;
  const entries = entitled(deps, attestation);
  const bundles = source.bundles.value;
  if (bundles.own.x509Authorities.length === 0)
    throw new GatehouseError('authority_not_ready', 'there is no authority yet');
  return { attestation, entries, bundles, crls: source.crls?.value ?? [] };
}
