/**
 * How well a cluster is followed, in words.
 * @module
 */
import type { ClusterState } from './cluster-watches.ts';

/** More are told by their number. */
const MOST = 5;

/** What to do about a refusal, by HTTP status. */
const fixes: ReadonlyMap<number, string> = new Map([
  [401, 'the API server does not know us: look at the token or the certificate'],
  [403, 'our role needs get, list and watch of it'],
]);

/** What is wrong, the worst first; nothing if all is followed. @param wasRead  the cluster was read as a whole once */
export function troublesOf({ behind, unknown }: ClusterState, wasRead: boolean): readonly string[] {
  const versions = unknown.map((what) => `${what} is of a version that is not known here: nothing of it is in force`);
  const whys = new Set(
    behind.map(({ why, code }) => {
      const fix = fixes.get(code);
      return fix === undefined ? why : `${why} (${fix})`;
    }),
  );
  const [first] = whys;
  if (first === undefined) return versions;
  const held = wasRead ? '; what was read last holds' : '';
  const isAway = behind.length > 1 && behind.every(({ code }) => code === 0);
  if (isAway) return [...versions, `the API server is away${held}: ${first}`];
  const shown = [...whys].slice(0, MOST).map((why) => `${why}${held}`);
  const more = whys.size - shown.length;
  return [...versions, ...shown, ...(more > 0 ? [`and ${more} more watches`] : [])];
}
