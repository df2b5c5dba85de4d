/**
 * Cookies as Envoy reads them from `cookie` lines.
 * @module
 */

/** Values of cookies by name, without their double quotes; of those that share a name the first one. */
export function cookiesOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of lines) {
    for (const piece of line.split(';')) {
      const equals = piece.indexOf('=');
      if (equals < 0) continue;
      const name = piece.slice(0, equals).replace(/^ +/, '');
      if (!found.has(name)) found.set(name, unquoted(piece.slice(equals + 1)));
    }
  }
  return found;
}

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
