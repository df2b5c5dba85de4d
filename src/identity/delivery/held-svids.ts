/**
 * The X.509-SVIDs that one stream holds, renewed when they are due.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { Attestation } from '../attestation/attestor.ts';
import type { Entry } from '../registration/entry.ts';
import type { Channel } from '../source/identity-source.ts';
import type { ConsumerStream } from './consumers.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import { eachGranted } from './granted.ts';
import { termsOf } from './svid-cache.ts';

/** An X.509-SVID and the entry that entitles to it. */
export interface HeldSvid {
  readonly entry: Entry;
  readonly svid: X509Svid;
}

/** The X.509-SVIDs of one stream. */
export interface HeldSvids {
  /**
   * The SVIDs for these entries, in their order; those that are still good are the same as before.
   * When a renewal fails, the one held stays until it expires. An entry to which nothing is issued is left out, and asked for again.
   *
   * @throws GatehouseError as `IdentitySource.issueX509`, when there is none to fall back on; `not_entitled` when nothing is issued
   *   to any of them
   */
  refresh(entries: readonly Entry[], attestation: Attestation): Promise<readonly HeldSvid[]>;
  /** When to refresh again, in milliseconds since 1970, if nothing else happens. */
  readonly dueAt: number;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Creates the set of one stream. */
export function createHeldSvids(deps: DeliveryDeps, stream: ConsumerStream, channel: Channel): HeldSvids {
  return new Held(deps, stream, channel);
}

/** There may be tens of thousands: it is one object. */
class Held implements HeldSvids {
  readonly #deps: DeliveryDeps;
  readonly #stream: ConsumerStream;
  readonly #channel: Channel;
  #held: readonly HeldSvid[] = [];
  #retryMs = FIRST_RETRY_MS;
  #retryAt = 0;
  /** When to ask again for what was refused. */
  #askAgainAt = Number.POSITIVE_INFINITY;
  #askAgainMs = FIRST_RETRY_MS;

  constructor(deps: DeliveryDeps, stream: ConsumerStream, channel: Channel) {
    this.#deps = deps;
    this.#stream = stream;
    this.#channel = channel;
  }

  get dueAt(): number {
    // Not later than that after a clock that was set back.
    let due =
      this.#askAgainAt === Number.POSITIVE_INFINITY
        ? this.#askAgainAt
        : Math.min(this.#askAgainAt, this.#deps.clock.now() + LAST_RETRY_MS);
    for (const { svid } of this.#held) {
      const renewAt = this.#deps.source.renewAt(svid);
      due = Math.min(
        due,
        isValid(svid, this.#deps.clock.now()) ? Math.max(renewAt, Math.min(this.#retryAt, svid.notAfterAt)) : 0,
      );
    }
    return due;
  }

  async refresh(entries: readonly Entry[], attestation: Attestation): Promise<readonly HeldSvid[]> {
    let isWhole = true;
    const held = await eachGranted(
      entries,
      async (entry) => ({ entry, svid: this.#goodFor(entry) ?? (await this.#renewed(entry, attestation)) }),
      (entry, error) => {
        isWhole = false;
        const isNew = this.#askAgainAt === Number.POSITIVE_INFINITY;
        if (isNew) this.#deps.observer.renewalFailed(entry.spiffeId, error);
      },
    );
    this.#held = held;
    this.#askAgainAt = isWhole ? Number.POSITIVE_INFINITY : this.#deps.clock.now() + this.#askAgainMs;
    this.#askAgainMs = isWhole ? FIRST_RETRY_MS : Math.min(this.#askAgainMs * 2, LAST_RETRY_MS);
    return held;
  }

  /** The SVID that is held for `entry`, if that is on the same terms and not yet due. */
  #goodFor(entry: Entry): X509Svid | undefined {
    const svid = this.#heldFor(entry);
    if (svid === undefined) return undefined;
    const now = this.#deps.clock.now();
    // A clock that was set back must not stop the next try.
    const mayTry = now >= this.#retryAt || this.#retryAt - now > LAST_RETRY_MS;
    const isDue = now >= this.#deps.source.renewAt(svid) && mayTry;
    return isDue || !isValid(svid, now) ? undefined : svid;
  }

  #heldFor(entry: Entry): X509Svid | undefined {
    const held = this.#held.find((each) => each.entry.spiffeId === entry.spiffeId);
    return held !== undefined && termsOf(held.entry) === termsOf(entry) ? held.svid : undefined;
  }

  async #renewed(entry: Entry, { selectors }: Attestation): Promise<X509Svid> {
    const { clock, observer } = this.#deps;
    const held = this.#heldFor(entry);
    try {
      const { consumer, svids } = this.#stream;
      const svid = await svids.get({ entitlement: entry, selectors, channel: this.#channel, consumer });
      this.#retryMs = FIRST_RETRY_MS;
      return svid;
    } catch (thrown) {
      if (held === undefined || !isValid(held, clock.now())) throw thrown;
      const error = asGatehouseError(thrown);
      if (error.code !== 'cancelled') observer.renewalFailed(entry.spiffeId, error);
      this.#retryAt = clock.now() + this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
      return held;
    }
  }
}

/** Neither over, nor still to come, as after a clock that was ahead is set right. */
function isValid({ notBeforeAt, notAfterAt }: X509Svid, now: number): boolean {
  return notBeforeAt <= now && now < notAfterAt;
}
