/**
 * What a bundle brings and takes away, for the audit and the log.
 * @module
 */
import { hash } from 'node:crypto';
import { shortened } from '../../../lib/shortened.ts';
import type { StoredBundle } from '../store/state.ts';

/** A difference in words, and whether something that was trusted is not any more, or nothing is. */
export interface BundleDifference {
  readonly text: string;
  readonly hasLost: boolean;
}

/** More than these are told by their number. */
const MOST_NAMED = 3;
/** Of the name that others gave a key. */
const MOST_OF_NAME = 100;

/** @param held  the one before; undefined: there was none */
export function differenceOf(held: StoredBundle | undefined, next: StoredBundle): BundleDifference {
  const [before, after] = [namesIn(held), namesIn(next)];
  const gone = before.filter((name) => !after.includes(name));
  const come = after.filter((name) => !before.includes(name));
  const sequence = held === undefined ? `sequence ${next.sequence}` : `sequence ${held.sequence} to ${next.sequence}`;
  const parts = [sequence, ...listed('with', come), ...listed('without', gone)];
  if (after.length === 0) parts.push('it has no authority: nobody of that trust domain is trusted');
  return { text: parts.join(', '), hasLost: gone.length > 0 || after.length === 0 };
}

function listed(word: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length - MOST_NAMED;
  const shown = names.slice(0, MOST_NAMED).map((name) => shortened(name, MOST_OF_NAME));
  return [`${word} ${shown.join(' and ')}${more > 0 ? ` and ${more} more` : ''}`];
}

function namesIn(bundle: StoredBundle | undefined): string[] {
  if (bundle === undefined) return [];
  const x509 = bundle.x509Authorities.map(
    (base64) => `x509 ${hash('sha256', Buffer.from(base64, 'base64')).slice(0, 16)}`,
  );
  return [...x509, ...bundle.jwtAuthorities.map(({ keyId }) => `jwt ${keyId}`)];
}
