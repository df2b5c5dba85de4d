/**
 * Revocations from the authority's words to those of Check: this is where identity meets authorisation.
 * @module
 */
import type { Revocations } from '../authz/state.ts';
import type { Watchable } from '../lib/watchable.ts';
import type { BundleSet } from '../spiffe/bundle.ts';

/** All that are in force, from the authority here or elsewhere. */
export interface RevocationRows {
  readonly sequence: number;
  readonly rows: readonly { readonly kind: string; readonly value: string }[];
}

/** What is known of identities: by an authority here, or one that is followed. */
export interface Knowledge {
  readonly bundles: Watchable<BundleSet | undefined>;
  readonly revocations: Watchable<RevocationRows | undefined>;
}

const sorted = new WeakMap<RevocationRows, Revocations>();

/** Sorts the rows into sets; the same for the same list. */
export function revocationsOf(list: RevocationRows): Revocations {
  const known = sorted.get(list) ?? sort(list);
  sorted.set(list, known);
  return known;
}

function sort({ sequence, rows }: RevocationRows): Revocations {
  const of = (kind: string): ReadonlySet<string> =>
    new Set(rows.filter((row) => row.kind === kind).map(({ value }) => value));
  return { sequence, spiffeIds: of('id'), serials: of('serial'), spkis: of('spki') };
}
