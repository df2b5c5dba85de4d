/**
 * When things are due: preparing and activating an authority, renewing an SVID.
 * @module
 */
import { hash } from 'node:crypto';
import { signedAtOf } from '../../pki/serial.ts';

const DAY_MS = 86_400_000;

/** The life of anything with an end, in milliseconds since 1970. */
export interface Life {
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
}

const lengthOf = ({ notBeforeAt, notAfterAt }: Life): number => notAfterAt - notBeforeAt;

/** When the next authority should be published: notAfter − min(life / 2, 30 d). */
export function prepareDueAt(life: Life): number {
  return life.notAfterAt - Math.min(lengthOf(life) / 2, 30 * DAY_MS);
}

/** When it should begin to sign: notAfter − min(life / 6, 7 d). */
export function activateDueAt(life: Life): number {
  return life.notAfterAt - Math.min(lengthOf(life) / 6, 7 * DAY_MS);
}

/** When it must begin to sign whoever is not ready, since what the old one signs hardly lives any more. */
export function activateMustAt(life: Life): number {
  return life.notAfterAt - Math.min(lengthOf(life) / 12, DAY_MS);
}

/** Whether it holds at that instant: neither over, nor still to come, as after a clock that was ahead is set right. */
export function isValidAt({ notBeforeAt, notAfterAt }: Life, atMs: number): boolean {
  return notBeforeAt <= atMs && atMs < notAfterAt;
}

/** A number in [0, 1) that belongs to `text`: the same for every process. */
export function fractionOf(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0) / 2 ** 32;
}

/** Leaves and authorities begin this much in the past unless told, authorities at least; for clocks that are late. */
export const BACKDATE_MS = 10_000;

/**
 * Half of the life that an SVID had when it was signed, spread by ± 10 % by the serial, so that what was issued together is not
 * renewed together. However far it is backdated, it is due at the same time.
 */
export function renewDueAt(life: Life, serial: string, signedAt = signingOf(life, serial)): number {
  const spread = 0.9 + 0.2 * fractionOf(serial);
  const { notAfterAt } = life;
  return Math.round(signedAt + ((notAfterAt - signedAt) / 2) * spread);
}

/** When something was signed; where its serial does not say, by what is usual. */
function signingOf(life: Life, serial: string): number {
  return signedAtOf(serial, life) ?? Math.min(life.notBeforeAt + BACKDATE_MS, life.notAfterAt);
}
