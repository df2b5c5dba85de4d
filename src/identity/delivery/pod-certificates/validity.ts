/**
 * How long a pod's certificate lives. The API server takes none under an hour, counts from `notBefore`, and lets `beginRefreshAt` be
 * no nearer to an end than ten minutes; a kubelet comes for the next up to seven minutes late.
 * @module
 */
import { type Wait, wait } from './verdict.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** For clocks that are late: the API server allows five minutes either way. */
const BACKDATE_MS = MINUTE_MS;
/** The shortest life that the API server takes, and the least that an authority must have left to sign. */
const LEAST_LIFE_MS = HOUR_MS;
/** A refresh that comes seven minutes late still leaves as much. */
const REFRESH_BEFORE_END_MS = 15 * MINUTE_MS;
const REFRESH_AFTER_BEGIN_MS = 10 * MINUTE_MS;

/** Milliseconds since 1970, whole seconds. */
export interface Times {
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
}

/** The X.509 authority that signs. */
export interface SigningAuthority extends Times {
  readonly id: string;
  /** What verifies what it signs, DER. */
  readonly roots: readonly Uint8Array[];
}

/** How a certificate is to be signed. */
export interface Terms {
  readonly does: 'go on';
  /** How long before now it begins. */
  readonly backdateMs: number;
  /** How long after now it ends, unless its authority does before. */
  readonly ttlMs: number;
}

/** How a certificate is to be signed; a wait while the authority can sign nothing that the API server would take. */
export function termsOf(
  maxLifeMs: number,
  oursMs: number,
  authority: Pick<SigningAuthority, 'id' | keyof Times>,
  nowMs: number,
): Terms | Wait {
  const leftMs = authority.notAfterAt - nowMs;
  if (leftMs < LEAST_LIFE_MS) {
    const minutes = Math.max(0, Math.floor(leftMs / MINUTE_MS));
    return wait(
      'authority_ends',
      `authority ${authority.id} has ${minutes} min left, and signs nothing for pods in its last hour; activate the next (gatehouse ca activate)`,
    );
  }
  const lifeMs = Math.max(Math.min(maxLifeMs, oursMs), LEAST_LIFE_MS);
  // Nothing begins before its authority, and an authority that was just made began a moment ago.
  const backdateMs = Math.max(0, Math.min(BACKDATE_MS, nowMs - authority.notBeforeAt));
  return { does: 'go on', backdateMs, ttlMs: lifeMs - backdateMs };
}

/** When the kubelet is to ask for the next: half of the life. */
export function beginRefreshAt({ notBeforeAt, notAfterAt }: Times): number {
  return Math.floor((notBeforeAt + notAfterAt) / 2000) * 1000;
}

/** What the API server would refuse of these times, or the kubelet suffer from; undefined: nothing. */
export function problemOfTimes(times: Times, maxLifeMs: number, nowMs: number): string | undefined {
  const { notBeforeAt, notAfterAt } = times;
  const lifeMs = notAfterAt - notBeforeAt;
  const refreshAt = beginRefreshAt(times);
  if (Math.abs(nowMs - notBeforeAt) > 5 * MINUTE_MS) return 'it does not begin about now';
  if (lifeMs < LEAST_LIFE_MS) return 'its life is shorter than an hour';
  if (lifeMs > maxLifeMs) return 'its life is longer than was asked for';
  if (refreshAt < notBeforeAt + REFRESH_AFTER_BEGIN_MS || refreshAt > notAfterAt - REFRESH_BEFORE_END_MS)
    return 'its refresh would come too near to an end of its life';
  return undefined;
}
