/**
 * Who is at the other end of a stream over a unix socket, for as long as it is open.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { NO_ID } from '../../lib/accounts.ts';
import { createWakeup } from '../../lib/wakeup.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { CallContext } from '../../transport/grpc-methods.ts';
import type { Connection } from '../../transport/listen/connections.ts';
import type { Attestation, Caller } from '../attestation/attestor.ts';
import { entitlements } from '../registration/entitlements.ts';
import type { Entry } from '../registration/entry.ts';
import type { DeliveryDeps, WaitingStream } from './delivery-deps.ts';

/** What finding out who calls takes. */
export type AttestedDeps = Pick<DeliveryDeps, 'attestor' | 'entries' | 'implicit' | 'waitingStreams'>;

/** There may be tens of thousands: it is one object. */
export class AttestedStream implements WaitingStream, Disposable {
  readonly wake: () => void;
  dueAt = Number.POSITIVE_INFINITY;
  attestation: Attestation | undefined;
  readonly #deps: AttestedDeps;
  readonly #context: CallContext;
  readonly #wakeup = createWakeup();
  #attestedFor: readonly Entry[] | undefined;

  constructor(deps: AttestedDeps, context: CallContext) {
    this.#deps = deps;
    this.#context = context;
    this.wake = this.#wakeup.wake;
    deps.waitingStreams.add(this);
  }

  /** What it was attested to be, looked at anew where that may have changed. @throws GatehouseError `attestation_failed` */
  async attested(): Promise<Attestation> {
    const { entries, attestor } = this.#deps;
    const isOld = this.#attestedFor !== entries.value || this.attestation?.isStale?.() === true;
    if (this.attestation === undefined || isOld) {
      this.#attestedFor = entries.value; // other entries may ask for other facts
      this.attestation = await attestor.attest(callerAt(this.#context.connection));
    }
    if (!this.attestation.alive())
      throw new GatehouseError('attestation_failed', 'the calling process has ended, or its pod is gone');
    return this.attestation;
  }

  /** The IDs that it may be; never empty, the first is the default identity. @throws GatehouseError `not_entitled`, `attestation_failed` */
  async identities(): Promise<readonly SpiffeId[]> {
    return entitled(this.#deps, await this.attested()).map(({ spiffeId }) => spiffeId);
  }

  /** Resolves when there may be something new: an entry, `dueAt` has come, a wake, or the end of the call. */
  changed(dueAt = Number.POSITIVE_INFINITY): Promise<void> {
    this.dueAt = dueAt;
    return this.#wakeup.wait(this.#context.signal);
  }

  [Symbol.dispose](): void {
    this.#deps.waitingStreams.remove(this);
  }
}

/** The entries that a caller is entitled to. @throws GatehouseError `not_entitled` */
export function entitled(
  { entries, implicit }: Pick<AttestedDeps, 'entries' | 'implicit'>,
  attestation: Attestation,
): readonly Entry[] {
  const found = entitlements(entries.value, attestation.selectors, implicit);
  if (found.length === 0) throw notEntitled(attestation);
  return found;
}

/** A refusal that shows the caller its own selectors, and nobody else's entries. */
export function notEntitled(
  { traceId, selectors, pid, uid }: Attestation,
  what = 'no identity issued',
): GatehouseError {
  const unseen =
    pid === 0 ? '; your process cannot be seen from here, so nothing is known of it or its pod (hostPID)' : '';
  const untold = uid === NO_ID ? '; your user is none of the user namespace that Gatehouse runs in' : '';
  return new GatehouseError('not_entitled', what, {
    traceId,
    selectors,
    peerText: `${what}: no entry matches your selectors ${selectors.join(' ')}${unseen}${untold} (trace ${traceId})`,
  });
}

/** A process at the other end of a connection, as it is attested. */
export function callerAt({ credentials, listener }: Connection): Caller {
  const workloadSocket = listener.kind === 'unix' && listener.attests === 'path' ? listener.path : undefined;
  return { peer: credentials, workloadSocket };
}
