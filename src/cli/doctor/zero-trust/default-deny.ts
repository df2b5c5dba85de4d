/**
 * Requirement 3: what is allowed is allowed explicitly; anything else is denied, into workloads and out of them.
 * @module
 */
import type { Opening } from '../../../analysis/proofs/openings/openings.ts';
import type { Evidence, TriedOpening } from './evidence.ts';
import { type Finding, holds, judged, judgedSome, noneOf, unknown } from './finding.ts';
import { EMPTY, NAME_REGISTRY, PROVE } from './fixes.ts';
import { inForce } from './in-force.ts';

const CLOSE_IN = 'an AuthorizationPolicy with spec: {} in the root namespace denies what no other allows';
const CLOSE_OUT =
  'a NetworkPolicy for all pods with policyTypes: [Egress] in its namespace, or a Calico GlobalNetworkPolicy for all of them';

/** Proved for all requests, pods of today and pods and namespaces to come. */
export function everythingElseIsDenied(evidence: Evidence): readonly Finding[] {
  const { proof, workloads, config } = evidence;
  return [
    inForce(evidence),
    ...judgedSome(workloads, EMPTY, NAME_REGISTRY, () => []),
    ...judged(proof, PROVE, ({ unnamedIn, unnamedOut, notAhead }) => [
      ...noneOf(
        unnamedIn.map(intoText),
        CLOSE_IN,
        'proved: into every workload a request that no rule names is denied',
      ),
      ...noneOf(unnamedOut.map(outText), CLOSE_OUT, 'proved: out of every workload what no rule names is denied'),
      ...(notAhead === ''
        ? []
        : [unknown(`namespaces to come are not looked at: ${notAhead}`, 'select namespaces by their labels')]),
    ]),
    config.networkPlane === 'enforce'
      ? holds('policies.planes.l4 is enforce: what a pod may call is decided at every workload that it calls')
      : unknown(
          `policies.planes.l4 is ${config.networkPlane}: whether the network enforces what pods may call is not seen`,
          'policies: { planes: { l4: enforce } }',
        ),
  ];
}

const intoText = ({ workload, other, on, said }: TriedOpening): string =>
  `no rule names what ${other} may ask of ${workload}: ${on}${said === undefined ? '' : `; ${said}`}`;
const outText = ({ workload, other, on }: Opening): string =>
  `no rule names what ${workload} may send to ${other}: ${on}`;
