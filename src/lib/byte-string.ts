/**
 * Byte strings: JavaScript strings with one character (0–255) a byte.
 *
 * What a peer sends is bytes, not always UTF-8; literals are compared with it byte for byte. For ASCII both forms are the same
 * string, so nothing is converted on the usual path.
 * @module
 */

/** The UTF-8 bytes of `text`, one character each. */
export function toByteString(text: string): string {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text that a byte string holds; bytes that are not UTF-8 become U+FFFD. For logs and people only. */
export function fromByteString(bytes: string): string {
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Lower-cases ASCII letters only, as Envoy does. */
export function lowerAscii(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 65 && code <= 90) return text.replaceAll(/[A-Z]+/g, (run) => run.toLowerCase());
  }
  return text;
}
