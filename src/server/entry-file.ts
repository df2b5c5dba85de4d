/**
 * Where the entry of another process or thread lies: beside this room's files, built or not.
 * @module
 */

/** The file that begins a decider process, one that signs, or a thread that explains, fetches bundles, proves, or looks at rules. */
export function entryFile(
  name:
    | 'decider-main'
    | 'documents-main'
    | 'explain-main'
    | 'federation-main'
    | 'prove-main'
    | 'standings-main'
    | 'token-main',
): URL {
  const own = import.meta.url;
  return new URL(`../server/entries/${name}${own.endsWith('.ts') ? '.ts' : '.js'}`, own);
}
