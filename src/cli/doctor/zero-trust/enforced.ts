/**
 * Requirement 1: all network connections are subject to enforcement.
 * @module
 */
import type { EnvoyEvidence, Evidence, SeenEnvoy, WorkloadEvidence } from './evidence.ts';
import { type Finding, fails, holds, judged, judgedSome, unknown } from './finding.ts';
import { ASK_SERVER, EMPTY, GIVE_ENVOYS, NAME_REGISTRY } from './fixes.ts';

/** Every workload of the registry has an Envoy that was seen to ask, and that does not fail open. */
export function everyWorkloadIsEnforced({ workloads, seen, envoys }: Evidence): readonly Finding[] {
  return [
    ...envoys.flatMap(openEnvoy),
    ...judgedSome(workloads, EMPTY, NAME_REGISTRY, (all) => [
      ...all.flatMap(({ optedOut }) =>
        optedOut.map((pod) =>
          fails(`${pod} says by its labels that it has no sidecar`, 'remove sidecar.istio.io/inject: "false"'),
        ),
      ),
      ...judged(seen, ASK_SERVER, (some) => all.map((workload) => wasSeen(workload, some))),
      ...all.map((workload) => isClosed(workload, envoys)),
    ]),
  ];
}

const openEnvoy = ({ from, failsOpen }: EnvoyEvidence): readonly Finding[] =>
  failsOpen.map((what) =>
    fails(`the Envoy of ${from} fails open: ${what}`, 'gatehouse doctor says what to write there'),
  );

function wasSeen({ spiffeId, pods }: WorkloadEvidence, seen: readonly SeenEnvoy[]): Finding {
  const own = seen.filter((one) => one.spiffeId === spiffeId);
  const fault = own.find((one) => one.fault !== '');
  if (fault !== undefined)
    return fails(`${spiffeId}: ${fault.fault}`, 'gatehouse envoy status says what its Envoy refused');
  const [first] = own;
  if (first !== undefined) return holds(`${spiffeId}: an Envoy asks (${first.how})`);
  return unknown(
    `${spiffeId} (${pods.join(', ')}): no Envoy has asked for it since the deciders count`,
    'call it once; if nothing is seen then, it has no sidecar: gatehouse envoy bootstrap',
  );
}

function isClosed({ spiffeId }: WorkloadEvidence, envoys: readonly EnvoyEvidence[]): Finding {
  const own = envoys.filter((one) => one.spiffeId === spiffeId);
  if (own.length === 0) return unknown(`${spiffeId}: whether its Envoy fails open is not known`, GIVE_ENVOYS);
  if (own.some(({ failsOpen }) => failsOpen.length > 0)) return fails(`${spiffeId}: its Envoy fails open`, 'see above');
  return holds(`${spiffeId}: its Envoy fails closed (${own.map(({ from }) => from).join(', ')})`);
}
