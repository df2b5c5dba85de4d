/**
 * PeerAuthentication: the mode of one workload, port by port. As in Istio the workload's policy goes before the namespace's and the
 * mesh's, the oldest of one scope wins, and `unset` inherits.
 * @module
 */
import type { Destination } from '../facts.ts';
import type { MtlsMode, PolicyRef, TransportPolicy, TransportStage } from '../model.ts';
import { applies, type SubjectContext } from './subject.ts';

/** A mode and the policy that set it. */
export interface TransportDemand {
  readonly mode: Exclude<MtlsMode, 'unset'>;
  readonly policy: PolicyRef | undefined;
}

/** The demands on one workload; a port without one of its own has that of every port. */
export interface SelectedTransport {
  readonly everyPort: TransportDemand;
  readonly ports: ReadonlyMap<number, TransportDemand>;
  /** The first policy that may apply or not: the workload's labels are unknown. */
  readonly undecided: PolicyRef | undefined;
}

/** Selects the demands on one workload. */
export function selectTransport(
  stage: TransportStage,
  destination: Destination,
  context: SubjectContext,
): SelectedTransport {
  const unknown = stage.policies.filter((policy) => applies(policy.subject, destination, context) === 'unknown');
  const near = stage.policies.filter((policy) => applies(policy.subject, destination, context) === 'yes');
  const oldest = (scope: TransportPolicy['scope']): TransportPolicy | undefined =>
    near.filter((policy) => policy.scope === scope).toSorted(byAge)[0];
  const workload = oldest('workload');
  let everyPort: TransportDemand = { mode: 'permissive', policy: undefined };
  for (const policy of [oldest('mesh'), oldest('namespace'), workload]) {
    if (policy !== undefined && policy.mode !== 'unset') everyPort = { mode: policy.mode, policy: policy.ref };
  }
  const ports = new Map<number, TransportDemand>();
  for (const [port, mode] of workload?.ports ?? []) {
    ports.set(port, mode === 'unset' ? everyPort : { mode, policy: workload?.ref });
  }
  return { everyPort, ports, undecided: unknown.find(({ scope }) => scope === 'workload')?.ref };
}

/** Without a time a document counts as the youngest; the name decides between equals. */
function byAge(a: TransportPolicy, b: TransportPolicy): number {
  const age = (a.createdAtMs ?? Number.MAX_SAFE_INTEGER) - (b.createdAtMs ?? Number.MAX_SAFE_INTEGER);
  if (age !== 0) return age;
  return a.ref.name < b.ref.name ? -1 : a.ref.name > b.ref.name ? 1 : 0;
}
