/**
 * Which foreign bundles a caller gets.
 * @module
 */
import type { Bundle, BundleSet } from '../../spiffe/bundle.ts';
import type { Entry } from '../registration/entry.ts';

/** The bundles of the trust domains that some entry of the caller federates with, as far as we have them. */
export function federatedBundles({ federated }: BundleSet, entries: readonly Entry[]): Bundle[] {
  if (federated.size === 0) return [];
  const wanted = new Set(entries.flatMap((entry) => entry.federatesWith));
  return [...federated.values()].filter(({ trustDomain }) => wanted.has(trustDomain));
}
