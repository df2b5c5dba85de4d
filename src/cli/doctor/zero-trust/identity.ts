/**
 * Requirement 2: who calls is established by several criteria, one of which is cryptographic: certificate and place.
 * @module
 */
import type { Evidence, TriedOpening } from './evidence.ts';
import { type Finding, fails, holds, judged, judgedSome, noneOf } from './finding.ts';
import { ASK_SERVER, EMPTY, NAME_REGISTRY, PROVE } from './fixes.ts';
import { inForce } from './in-force.ts';

/** Certificates are verified, nobody gets anywhere without one, and each must come from where its workload lives. */
export function identityIsCertificateAndPlace(evidence: Evidence): readonly Finding[] {
  const { config, workloads, nameless, proof } = evidence;
  return [
    inForce(evidence),
    config.verifyPeer === 'enforce'
      ? holds("extAuthz.verifyPeer is enforce: callers' certificates are held against our bundles")
      : fails(
          `extAuthz.verifyPeer is ${config.verifyPeer}: the name that Envoy tells is believed without its certificate`,
          'extAuthz: { verifyPeer: enforce }',
        ),
    config.networkPlane === 'enforce'
      ? holds('policies.planes.l4 is enforce: a certificate that comes from another place than its pods is refused')
      : fails(
          `policies.planes.l4 is ${config.networkPlane}: a stolen certificate is good from anywhere`,
          'policies: { planes: { l4: enforce } }',
        ),
    ...noneOf(
      config.hops.map((hop) => `policies.hops: of callers behind ${hop} only the certificate is looked at`),
      'let callers come with their own addresses, and take the network out of policies.hops',
      'policies.hops is empty: no place is taken on trust',
    ),
    ...judgedSome(workloads, EMPTY, NAME_REGISTRY, (all) =>
      noneOf(
        all.flatMap(({ spiffeId, unplaced }) =>
          unplaced.map((pod) => `${spiffeId}: ${pod} has no address in the registry`),
        ),
        'register the address: status.podIPs of the Pod, or workloads[].addresses',
        `${all.length} workloads have addresses in the registry`,
      ).map((one): Finding => (one.state === 'false' ? { ...one, state: 'unknown' } : one)),
    ),
    ...judged(proof, PROVE, ({ anonymous }) =>
      noneOf(
        anonymous.map(anonymousText),
        'demand mTLS there (PeerAuthentication STRICT), or name the callers',
        'proved: without a certificate nobody reaches any workload',
      ),
    ),
    ...judged(nameless, ASK_SERVER, (seen) =>
      noneOf(
        seen.map((one) => `was allowed to callers without a certificate: ${one}`),
        'name its callers in an ALLOW policy; gatehouse edges shows them',
        'no caller without a certificate was allowed anything since these policies are in force',
      ),
    ),
  ];
}

const anonymousText = ({ workload, other, on, said }: TriedOpening): string =>
  `${other} reaches ${workload} without a certificate: ${on}${said === undefined ? '' : `; ${said}`}`;
