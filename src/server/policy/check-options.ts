/**
 * What a configuration means to Check.
 * @module
 */
import type { CheckOptions } from '../../authz/check.ts';
import type { Config } from '../../config/config.ts';

/** Whom a server guards and whom it believes, as its configuration says. */
export function checkOptions({
  extAuthz,
  trustDomain,
  trustDomainAliases,
  workloads,
  federation,
}: Pick<Config, 'extAuthz' | 'trustDomain' | 'trustDomainAliases' | 'workloads' | 'federation'>): CheckOptions {
  const {
    clients,
    trustedHops,
    verifyPeer,
    peerTrustDomains,
    ambiguousRequests,
    httpAmbiguousRequests,
    decisionHeader,
  } = extAuthz;
  return {
    workloads: workloads.map(({ namespace, serviceAccount, spiffeId, labels, addresses, trustedHops: hops }) => ({
      namespace,
      serviceAccount,
      spiffeId,
      labels,
      addresses,
      trustedHops: hops,
    })),
    clients,
    trustedHops,
    ownPrefixes: [trustDomain, ...trustDomainAliases].map((each) => `spiffe://${each}/`),
    verifyPeer,
    peerTrustDomains,
    acceptForeignNamespaces: federation.acceptForeignNamespaces,
    ambiguousRequests,
    httpAmbiguousRequests,
    decisionHeader,
  };
}
