/**
 * Base64url as Envoy's library reads it: white space anywhere is skipped, padding is optional, spare bits are ignored.
 * @module
 */

/** Decodes to a byte string; undefined if a character or the length is wrong. */
export function decodeBase64Url(text: string): string | undefined {
  const compact = /[\t-\r ]/.test(text) ? text.replace(/[\t-\r ]+/g, '') : text;
  const padAt = compact.indexOf('=');
  const digits = padAt < 0 ? compact : compact.slice(0, padAt);
  if (!/^[\w-]*$/.test(digits)) return undefined;
  const rest = digits.length % 4;
  if (rest === 1) return undefined;
  const padding = compact.slice(digits.length);
  if (padding !== '' && (rest === 0 || padding !== '='.repeat(4 - rest))) return undefined;
  return Buffer.from(digits, 'base64url').toString('latin1');
}
