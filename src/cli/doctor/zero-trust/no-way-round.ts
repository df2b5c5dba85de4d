/**
 * Requirement 4: compromised workloads cannot circumvent enforcement.
 * @module
 */
import type { OpenPorts } from '../../../analysis/proofs/openings/open-ports.ts';
import type { Interval } from '../../../analysis/regions/intervals.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, fails, holds, judged, judgedSome, noneOf, unknown } from './finding.ts';
import { ASK_SERVER, EMPTY, GIVE_ENVOYS, NAME_REGISTRY, PROVE } from './fixes.ts';
import { inForce } from './in-force.ts';

/** No port past the sidecar, nobody on the node's network, no policy and no file of the server that a workload may write. */
export function noWayRound(evidence: Evidence): readonly Finding[] {
  const { workloads, envoys, proof, seen, writers } = evidence;
  return [
    inForce(evidence),
    ...judgedSome(workloads, EMPTY, NAME_REGISTRY, (all) =>
      noneOf(
        all.flatMap(({ onNode }) =>
          onNode.map((pod) => `${pod} is on its node's network, where policies between pods do not hold`),
        ),
        'hostNetwork: false',
        "no pod of the registry is on its node's network",
      ),
    ),
    ...judged(proof, PROVE, ({ openPorts }) => openPorts.map((open) => pastSidecar(open, evidence))),
    ...('why' in seen ? [unknown(`at which ports Envoys ask is not known: ${seen.why}`, ASK_SERVER)] : []),
    ...(envoys.length === 0 ? [unknown("whether Envoys' admin pages are open is not known", GIVE_ENVOYS)] : []),
    ...envoys.flatMap(({ from, adminOpen }) =>
      noneOf(
        adminOpen.map((what) => `the Envoy of ${from} may be stopped and changed: ${what}`),
        'admin: { address: { socket_address: { address: 127.0.0.1, … } } }',
        `the Envoy of ${from} has no admin pages that others reach`,
      ),
    ),
    ...judged(
      writers,
      'run this command on the machine of the server, as a user who may look at its files',
      (found) => [
        ...noneOf(
          found.strangers,
          'chown and chmod it, so that the server and nobody else may write it',
          `policies are written by ${found.others.join(', ')} alone`,
        ),
        ...noneOf(
          found.ownUid,
          'run the server as a user of its own (entry_uid_is_server)',
          "no entry goes to the server's own user",
        ),
      ],
    ),
  ];
}

const CLOSE = 'let network policies open the ports of sidecars alone';

function pastSidecar({ workload, principals, tcp, others }: OpenPorts, { seen, envoys }: Evidence): Finding {
  const guards = [...('value' in seen ? seen.value : []), ...envoys];
  const past = principals.flatMap((own) =>
    without(
      tcp,
      guards.flatMap(({ spiffeId, ports }) => (spiffeId === own ? ports : [])),
    ),
  );
  const ranges = past.filter(([from, to]) => to > from);
  if (ranges.length > 0)
    return fails(`the network leaves ports ${portsText(ranges)} of ${workload} open, where no Envoy asks`, CLOSE);
  if (others) return fails(`the network leaves UDP or SCTP of ${workload} open, where no Envoy stands`, CLOSE);
  if (past.length > 0)
    return unknown(
      `the network leaves port ${portsText(past)} of ${workload} open, where no Envoy was seen to ask`,
      `call it once, or ${GIVE_ENVOYS}; if none stands there: ${CLOSE}`,
    );
  const open = tcp.length === 0 ? 'no port' : `port ${portsText(tcp)}, where an Envoy asks`;
  return holds(`${workload}: the network opens ${open}`);
}

/** What of intervals lies in none of some others. */
function without(intervals: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  return others.reduce(
    (left: readonly Interval[], [first, last]) =>
      left.flatMap(([from, to]): readonly Interval[] => {
        const parts: readonly Interval[] = [
          [from, Math.min(to, first - 1)],
          [Math.max(from, last + 1), to],
        ];
        return parts.filter(([low, high]) => low <= high);
      }),
    intervals,
  );
}

const portsText = (intervals: readonly Interval[]): string =>
  [...new Set(intervals.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)))].join(', ');
