/**
 * Query parameters as Envoy reads and removes them.
 * @module
 */

/** What follows the first `?`; undefined if there is none. A fragment is not told apart: Envoy has cut it off before. */
export function queryOf(path: string): string | undefined {
  const at = path.indexOf('?');
  return at < 0 ? undefined : path.slice(at + 1);
}

/** First value of a parameter, decoded; undefined if it is not there. A name without `=` has the value ''. */
export function firstParameter(query: string, name: string): string | undefined {
  return parameters(query).find(([key]) => key === name)?.[1];
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
