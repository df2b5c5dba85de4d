/**
 * Bundles of other trust domains that are not what they should be.
 * @module
 */
import type { BundleRow } from '../../../admin-api/bundles.ts';
import { type DoctorFinding, finding } from '../finding.ts';

/** What is old, kept out or missing: their workloads are judged by a bundle of before, or by none. */
export function examineBundles(rows: readonly BundleRow[]): readonly DoctorFinding[] {
  return rows.flatMap(({ trustDomain, from, endpoint, changedAt }) => {
    if (from === 'own' || endpoint === null) return [];
    const where = `federation.trustDomains.${trustDomain}`;
    const { url, failure, keptOut, isStale } = endpoint;
    const why = failure ?? 'it was not fetched yet';
    const show = `gatehouse bundle list; by hand: gatehouse bundle set ${trustDomain} FILE --reason …`;
    if (from === 'none')
      return [
        finding(
          'fragile',
          'federation_missing',
          where,
          `${url} has given no bundle: ${why}; all of them are refused`,
          show,
        ),
      ];
    if (keptOut !== null) {
      const message = `${url} answers the lower sequence ${keptOut}, which is kept out: what it has revoked since, or trusts now, is not known`;
      const fix = `if they say that it is theirs: gatehouse bundle set ${trustDomain} --accept-lower --reason …`;
      return [finding('fragile', 'federation_kept_out', where, message, fix)];
    }
    if (!isStale) return [];
    const message = `the bundle of ${changedAt ?? 'before'} is stale: ${why}; what they revoke is trusted here until it is fetched`;
    return [finding('fragile', 'federation_stale', where, message, show)];
  });
}
