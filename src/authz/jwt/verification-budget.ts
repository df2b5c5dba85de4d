/**
 * What the signatures of one request may cost. Authors of policies choose keys, and callers choose tokens: neither
 * may choose how long others wait.
 * @module
 */
import type { VerificationKey } from '../state.ts';

/** In checks by RSA of 2,048 bits, each some tens of microseconds. */
const REQUEST_COST = 200;
/** Rules that the tokens of one request are looked at under, together. */
const REQUEST_TOKENS = 1_024;
/** Characters of header lines that are searched for the prefixes of all rules, together. */
const REQUEST_SEARCH = 32 * 1024 * 1024;

const curveCosts: ReadonlyMap<string, number> = new Map([
  ['P-256', 2],
  ['P-384', 20],
  ['P-521', 40],
  ['Ed25519', 4],
]);

/** One a request. */
export class VerificationBudget {
  #left = REQUEST_COST;
  #isSpent = false;
  #tokens = REQUEST_TOKENS;
  #search = REQUEST_SEARCH;

  /** A check was refused: what is found out from here on says nothing of a token. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Whether a token may be looked at under one more rule. */
  allowsToken(): boolean {
    return --this.#tokens >= 0;
  }

  /** A search was refused: that a place holds no token is no longer known. */
  get isSearchSpent(): boolean {
    return this.#search < 0;
  }

  /** Whether a header line of so many characters may be searched once more. */
  allowsSearch(characters: number): boolean {
    this.#search -= characters;
    return !this.isSearchSpent;
  }

  /** Whether the signature may be checked by `key`. */
  allows(key: VerificationKey): boolean {
    this.#left -= costOf(key);
    if (this.#left < 0) this.#isSpent = true;
    return !this.#isSpent;
  }
}

/** What one check by a key costs, in checks by RSA of 2,048 bits. */
export function costOf({ key, kty, crv }: VerificationKey): number {
  if (kty !== 'RSA') return curveCosts.get(crv ?? '') ?? 1;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return Math.max(1, (bits / 2_048) ** 2);
}
