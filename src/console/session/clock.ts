/**
 * The server's clock, by which this page tells ages and what is left: the browser's may be another.
 * @module
 */
import { signal } from '@preact/signals';

/** Less is the way of an answer, and no news. */
const LEAST_MS = 1_000;

/** How far the server's clock is ahead of this one: milliseconds, negative where it is behind. */
const aheadMs = signal(0);

/** Takes what the server says of its time. @param at  undefined from servers that do not tell it */
export function noteServerTime(at: string | undefined): void {
  const ahead = Date.parse(at ?? '') - Date.now();
  if (Number.isFinite(ahead) && Math.abs(ahead - aheadMs.peek()) >= LEAST_MS) aheadMs.value = ahead;
}

/** Milliseconds since 1970, as the server counts them; what is drawn by it is drawn again when it turns out to be another. */
export const serverNowMs = (): number => Date.now() + aheadMs.value;
