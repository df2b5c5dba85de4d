/**
 * Asks for something for each of a caller's entries, and goes on without those to which nothing is issued.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Entry } from '../registration/entry.ts';

/**
 * What is granted, in the order of the entries. An entry to which nothing is issued (its ID is revoked, say) is left out: it must
 * not cost the caller its other identities.
 *
 * @param refused  called with each entry that is left out, and why
 * @throws GatehouseError `not_entitled` when every entry is refused; whatever else `ask` throws for any of them
 */
export async function eachGranted<T>(
  entries: readonly Entry[],
  ask: (entry: Entry) => Promise<T>,
  refused: (entry: Entry, error: GatehouseError) => void,
): Promise<readonly T[]> {
  const outcomes = await Promise.all(entries.map((entry) => granted(entry, ask)));
  const refusals = outcomes.filter((each) => 'error' in each);
  if (refusals[0] !== undefined && refusals.length === entries.length) throw refusals[0].error;
  for (const { entry, error } of refusals) refused(entry, error);
  return outcomes.flatMap((each) => ('value' in each ? [each.value] : []));
}

type Outcome<T> = { readonly value: T } | { readonly entry: Entry; readonly error: GatehouseError };

async function granted<T>(entry: Entry, ask: (entry: Entry) => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await ask(entry) };
  } catch (thrown) {
    if (thrown instanceof GatehouseError && thrown.code === 'not_entitled') return { entry, error: thrown };
    throw thrown;
  }
}
