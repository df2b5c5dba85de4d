/**
 * Cookies as Envoy reads them from `cookie` lines.
 * @module
 */

/** Value of the first cookie of that name, without its double quotes; undefined if there is none. */
export function firstCookie(lines: readonly string[], name: string): string | undefined {
  for (const line of lines) {
    for (const piece of line.split(';')) {
      const equals = piece.indexOf('=');
      if (equals < 0 || piece.slice(0, equals).replace(/^ +/, '') !== name) continue;
      return unquoted(piece.slice(equals + 1));
    }
  }
  return undefined;
}

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
