/**
 * What stands before a policy's tree: the facts that it reads, among them whether a revocation means the caller.
 *
 * While nobody is revoked that is one filter, which says so of everybody. Else the filter of revocations stands behind it, and what that
 * did is written over; a request that is not known to be of nobody revoked asks (`guarded-policy.ts`).
 * @module
 */
import { RBACSchema } from '../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
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
  stateFormats,
  stateKeys,
} from './names.ts';
import { revocationFilter } from './revocation-filter.ts';

/** The filters as one configuration. @param revocations  undefined: none are known */
export function factsFilter(revocations: Revocations | undefined): Filter {
  if (revocations === undefined) return askingFacts('revocations-unknown');
  const { spiffeIds, serials, spkis } = revocations;
  if (spiffeIds.size + serials.size + spkis.size === 0) return chainOf([facts(NOT_REVOKED)]);
  const bytes = revocationFilter(revocations);
  return chainOf([
    facts(REVOKED), // stays where the next filter refuses
    { name: RBAC_METADATA, typeUrl: typeUrlOf(RBACSchema), bytes },
    filterState({ [stateKeys.revocation]: decidedBy(REVOCATIONS_PREFIX) }),
  ]);
}

/** The same, which makes everybody ask. @param why  a word, e.g. `refused` */
export const askingFacts = (why: string): Filter => chainOf([facts(`${ASK}${why}`)]);

const facts = (revocation: string) => filterState({ ...stateFormats, [stateKeys.revocation]: revocation });
