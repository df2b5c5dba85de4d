/**
 * Query parameters as Envoy reads and removes them.
 * @module
 */

/** What follows the first `?`; undefined if there is none. A fragment is not told apart: Envoy has cut it off before. */
export function queryOf(path: string): string | undefined {
  const at = path.indexOf('?');
  return at < 0 ? undefined : path.slice(at + 1);
}

/** First values of parameters by name, decoded. A name without `=` has the value ''. */
export function parametersOf(query: string): ReadonlyMap<string, string> {
  return new Map(parameters(query).toReversed());
}

/** `path` as Envoy writes it after a removal: the others decoded, in order of their names. */
export function withoutParameter(path: string, name: string): string {
  const rest = parameters(queryOf(path) ?? '')
    .filter(([key]) => key !== name)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${value}`);
  const end = path.indexOf('?');
  const plain = end < 0 ? path : path.slice(0, end);
  return rest.length === 0 ? plain : `${plain}?${rest.join('&')}`;
}

function parameters(query: string): [name: string, value: string][] {
  const pieces = query.split('&');
  if (pieces.at(-1) === '') pieces.pop();
  return pieces.map((piece) => {
    const equals = piece.indexOf('=');
    return equals < 0 ? [decode(piece), ''] : [decode(piece.slice(0, equals)), decode(piece.slice(equals + 1))];
  });
}

/** `%` and two hexadecimal digits are one byte; anything else, `+` too, stays. */
const decode = (text: string): string =>
  text.includes('%')
    ? text.replace(/%([\dA-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
