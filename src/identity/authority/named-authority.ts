/**
 * Finds the authority that an operator means by an id, or by the beginning of one.
 * @module
 */
import { nearestSearch } from '../../lib/nearest.ts';
import type { AuthorityRecord, AuthorityState } from './store/state.ts';

const MOST_SLIPS = 3;

/** The only authority whose id begins with `id`; undefined where there is none, or more than one. */
export function authorityNamed({ authorities }: AuthorityState, id: string): AuthorityRecord | undefined {
  const named = authorities.filter((each) => each.id.startsWith(id));
  return named.length === 1 ? named[0] : undefined;
}

/** The authority that was probably meant by an id that none has. */
export function nearestAuthority({ authorities }: AuthorityState, id: string): AuthorityRecord | undefined {
  const search = nearestSearch(id, Math.min(MOST_SLIPS, id.length - 1));
  // Who wrote only the beginning has slipped within it.
  for (const each of authorities) search.see(each.id.slice(0, id.length));
  const beginning = search.found();
  return beginning === undefined ? undefined : authorities.find((each) => each.id.startsWith(beginning));
}
