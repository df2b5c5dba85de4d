/**
 * Request paths as Calico's `http.paths` compares them.
 * @module
 */

/** The outcome of normalisation; `relative` (no leading slash) makes Calico refuse the request, `ambiguous` makes the clause not match. */
export type NormalPath = { readonly is: 'path'; readonly path: string } | { readonly is: 'ambiguous' | 'relative' };

/**
 * Brings a path to the one form in which Calico compares: query and fragment cut off, decoded once, `\` turned to `/`, `;parameters`
 * dropped from each segment, dot segments and empty segments resolved, no slash at the end.
 *
 * @param path  byte string, as `:path` was sent
 */
export function normalisePath(path: string): NormalPath {
  const cut = path.search(/[?#]/);
  const pathOnly = cut < 0 ? path : path.slice(0, cut);
  if (!pathOnly.startsWith('/')) return { is: 'relative' };
  const decoded = decodeOnce(pathOnly);
  // What still looks encoded after one decoding could mean a slash or a dot to software that decodes again.
  if (decoded === undefined || /%2e|%2f|%5c|\0/i.test(decoded)) return { is: 'ambiguous' };
  return { is: 'path', path: resolveSegments(decoded.replaceAll('\\', '/')) };
}

/** Percent-decodes once; undefined if an escape is broken. */
function decodeOnce(text: string): string | undefined {
  if (!text.includes('%')) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function resolveSegments(path: string): string {
  const segments: string[] = [];
  for (const raw of path.split('/')) {
    const semicolon = raw.indexOf(';');
    const segment = semicolon < 0 ? raw : raw.slice(0, semicolon);
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  return `/${segments.join('/')}`;
}
