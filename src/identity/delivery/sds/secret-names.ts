/**
 * What the names in an SDS request stand for.
 * @module
 */
import type { Bundle, BundleSet } from '../../../spiffe/bundle.ts';
import { idOfTrustDomain } from '../../../spiffe/spiffe-id.ts';
import type { Entry } from '../../registration/entry.ts';
import type { CallerState } from '../caller-watch.ts';
import { federatedBundles } from '../federated-bundles.ts';

/** A certificate with its key, or the bundles that verify peers. */
export type SecretMeaning =
  | { readonly kind: 'certificate'; readonly entry: Entry }
  | { readonly kind: 'validation'; readonly bundles: readonly Bundle[] };

/** The names that Envoy configurations for SPIRE and Istio use. */
const DEFAULT_IDENTITY = 'default';
const OWN_ROOTS = 'ROOTCA';
const ALL_ROOTS = 'ALL';

/** The meaning of a name for this caller; undefined if it has none (`file-root:system`, somebody else's SPIFFE ID, …). */
export function meaningOfName(name: string, { entries, bundles }: CallerState): SecretMeaning | undefined {
  if (name === DEFAULT_IDENTITY) return { kind: 'certificate', entry: entries[0]! }; // never empty
  if (name === OWN_ROOTS) return { kind: 'validation', bundles: [bundles.own] };
  const all = bundlesFor(bundles, entries);
  if (name === ALL_ROOTS) return { kind: 'validation', bundles: all };
  const entry = entries.find(({ spiffeId }) => spiffeId === name);
  if (entry !== undefined) return { kind: 'certificate', entry };
  const bundle = all.find(({ trustDomain }) => idOfTrustDomain(trustDomain) === name);
  return bundle && { kind: 'validation', bundles: [bundle] };
}

/** Every name that has a meaning for this caller: what a request without names asks for. */
export function allNames({ entries, bundles }: CallerState): string[] {
  const domains = bundlesFor(bundles, entries).map((each) => idOfTrustDomain(each.trustDomain));
  return [DEFAULT_IDENTITY, ...entries.map(({ spiffeId }) => spiffeId), OWN_ROOTS, ALL_ROOTS, ...domains];
}

/** None without an authority: Envoy takes an empty one without a word and then refuses everybody. */
const bundlesFor = (bundles: BundleSet, entries: readonly Entry[]): readonly Bundle[] =>
  [bundles.own, ...federatedBundles(bundles, entries)].filter(({ x509Authorities }) => x509Authorities.length > 0);
