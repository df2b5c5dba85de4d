/**
 * What stands before a policy's tree: the facts that it reads, among them whether a revocation means the caller.
 *
 * While nobody is revoked that is one filter, which says so of everybody. Else the filter of revocations stands behind it, and what that
 * did is written over; a request that is not known to be of nobody revoked asks (`guarded-policy.ts`).
 * @module
 */
import { RBACSchema } from '../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import type { NativePolicy } from '../../policy/compile-envoy/native-policy.ts';
import type { Revocations } from '../state.ts';
import { chainOf, type Filter, filterState } from './filter-chain.ts';
import { typeUrlOf } from './matchers.ts';
import {
  ASK,
  decidedBy,
  NOT_REVOKED,
  RBAC_METADATA,
  REVOCATIONS_PREFIX,
  REVOKED,
  resourceNames,
  stateFormats,
  stateKeys,
} from './names.ts';
import { revocationFilter } from './revocation-filter.ts';

/** What may be filled in with each request. */
type Filled = keyof typeof stateFormats;

/** Everything that any tree reads: for Envoys in which nothing is filled in once a connection. */
export const EVERYTHING = Object.keys(stateFormats) as readonly Filled[]; // its own keys

/** What trees may read of a request, in every combination. */
export const combinations: readonly NativePolicy['reads'][] = [
  [],
  [stateKeys.path],
  [stateKeys.request],
  [stateKeys.path, stateKeys.request],
];

/** Names the filter that fills in just that, among those of revocations. */
export const factsKey = (reads: NativePolicy['reads']): string => [resourceNames.request, ...reads].join(' ');

/** The filters as one configuration. @param revocations  undefined: none are known */
export function factsFilter(revocations: Revocations | undefined, fills: readonly Filled[]): Filter {
  if (revocations === undefined) return askingFacts('revocations-unknown');
  const { spiffeIds, serials, spkis } = revocations;
  const facts = (revocation: string) =>
    filterState({
      ...Object.fromEntries(fills.map((key) => [key, stateFormats[key]])),
      [stateKeys.revocation]: revocation,
    });
  if (spiffeIds.size + serials.size + spkis.size === 0) return chainOf([facts(NOT_REVOKED)]);
  const bytes = revocationFilter(revocations);
  return chainOf([
    facts(REVOKED), // stays where the next filter refuses
    { name: RBAC_METADATA, typeUrl: typeUrlOf(RBACSchema), bytes },
    filterState({ [stateKeys.revocation]: decidedBy(REVOCATIONS_PREFIX) }),
  ]);
}

/** The same, which makes everybody ask, and whose policy reads nothing then. @param why  a word, e.g. `refused` */
export const askingFacts = (why: string): Filter => chainOf([filterState({ [stateKeys.revocation]: `${ASK}${why}` })]);
