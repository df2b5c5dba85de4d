/**
 * A Lease (coordination.k8s.io/v1) as a value, and what is written into it.
 * @module
 */
import * as z from 'zod';

const schema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});

/** Who holds it, and for how long. */
export interface Lease {
  readonly resourceVersion: string;
  /** Empty: nobody; it was given up. */
  readonly holder: string;
  readonly durationMs: number;
  /** As they were written: clocks of others are compared with nothing. */
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
}

/** Reads one. @throws Error when it is none */
export function readLease(value: unknown): Lease {
  const { metadata, spec } = schema.parse(value);
  return {
    resourceVersion: metadata.resourceVersion,
    holder: spec?.holderIdentity ?? '',
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    acquireTime: spec?.acquireTime ?? '',
    renewTime: spec?.renewTime ?? '',
    transitions: spec?.leaseTransitions ?? 0,
  };
}

/** RFC 3339 with just six fractional digits: the API server takes no others (MicroTime). */
export const microTime = (atMs: number): string => new Date(atMs).toISOString().replace('Z', '000Z');

/** What `holder` writes to hold it from now on. @param before  what is there; undefined: nothing */
export function heldLease(before: Lease | undefined, holder: string, durationMs: number, nowMs: number): LeaseSpec {
  const isOurs = before?.holder === holder;
  const renewTime = microTime(nowMs);
  return {
    holderIdentity: holder,
    leaseDurationSeconds: durationMs / 1000,
    acquireTime: isOurs && before.acquireTime !== '' ? before.acquireTime : renewTime,
    renewTime,
    leaseTransitions: (before?.transitions ?? 0) + (before === undefined || isOurs ? 0 : 1),
  };
}

/** What a holder writes to give it up: whoever comes need not wait. */
export function releasedLease({ transitions }: Lease, nowMs: number): LeaseSpec {
  const now = microTime(nowMs);
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: transitions,
  };
}

/** `spec` of a Lease. */
export interface LeaseSpec {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

/** Watches a lease from outside: whether its holder still renews it, by our own clock alone. */
export class LeaseObserver {
  #seen = '';
  #sinceMs = 0;

  /** Whether nobody holds it any more. @param nowMs  of a clock that nobody sets */
  isFree({ holder, renewTime, durationMs }: Lease, nowMs: number): boolean {
    if (holder === '') return true;
    const seen = `${holder} ${renewTime}`;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs >= durationMs;
  }
}
