/**
 * How much work the keys and rules of a policy may make for every token, so that neither their author nor a client can hold up
 * the Checks of others.
 * @module
 */

export const tokenLimits = {
  /** Rules of one RequestAuthentication. */
  rules: 256,
  /** Places of one kind where one rule looks for tokens, and headers that it writes. */
  places: 64,
  /** Bytes of a key set's text. */
  keySetBytes: 256 * 1024,
  /** Keys of a set, and bits of an RSA key. */
  keys: 100,
  rsaBits: 8_192,
  /** Keys that one token may have to be tried with: those without kid, and those that share one. */
  keysAToken: 16,
} as const;

/** What of a key makes work. */
export interface KeyWork {
  /** Undefined: none. */
  readonly kid: string | undefined;
  /** Length of an RSA modulus as base64url, in characters; 0 for other keys. */
  readonly modulusLength: number;
}

/** Says what of a key set is beyond a limit, e.g. `holds 4000 keys; 100 are the most`; undefined: nothing is. */
export function excessOf(bytes: number, keys: readonly KeyWork[]): string | undefined {
  const { keySetBytes, keys: mostKeys, rsaBits, keysAToken } = tokenLimits;
  if (bytes > keySetBytes) return `has ${bytes} bytes; ${keySetBytes} are the most`;
  if (keys.length > mostKeys) return `holds ${keys.length} keys; ${mostKeys} are the most`;
  const large = keys.findIndex(({ modulusLength }) => modulusLength * 6 > rsaBits + 24); // a leading zero and padding are none
  if (large >= 0) return `has an RSA key of more than ${rsaBits} bits, key ${large}`;
  const sharing = new Map<string | undefined, number>();
  for (const { kid = '' } of keys) sharing.set(kid, (sharing.get(kid) ?? 0) + 1);
  for (const [kid, count] of sharing) {
    if (count <= keysAToken) continue;
    const which = kid === '' ? 'without kid' : `with the kid ${JSON.stringify(kid)}`;
    return `holds ${count} keys ${which}; ${keysAToken} are the most, as a token has to be tried with each`;
  }
  return undefined;
}
