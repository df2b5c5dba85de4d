/**
 * The registry as policy asks it: which endpoints hold an address, and what their labels satisfy.
 * @module
 */
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import type { ServiceAccountRef } from '../../spiffe/spiffe-id.ts';
import type { Destination, IpAddress } from '../facts.ts';
import type { Absence } from '../model.ts';
import { createLabelIndex } from '../registry/effective-labels.ts';
import type { Endpoint, Registry } from '../registry/registry.ts';
import type { Labels } from './labels.ts';
import type { ConditionContext, Judge, RegistryAtom } from './registry-atom.ts';
import { endpointJudge, identityJudge, namedPortJudge } from './registry-judges.ts';
import { accountOf, indexMembers } from './registry-members.ts';
import type { SubjectContext } from './subject.ts';

/** A registry, indexed. */
export interface RegistryContext extends SubjectContext, Pick<ConditionContext, 'registryAtom'> {
  readonly endpointLabels: (destination: Destination) => Labels | undefined;
  readonly registryAtom: (atom: RegistryAtom) => Judge;
  /** The same workload with its pod: the one that holds the address and bears the workload's namespace and service account. */
  locate(destination: Destination, address: IpAddress | undefined): Destination;
  /** The pods that hold an address. */
  endpointsAt(address: IpAddress | undefined): readonly Endpoint[];
  /** The pods with the namespace and service account that a principal names; undefined if it names none. */
  endpointsNamed(principal: string): readonly Endpoint[] | undefined;
  accountOf(principal: string): ServiceAccountRef | undefined;
  /** Whether an address is that of a hop (NAT, gateway): it says nothing about the source's place. */
  isBehindHop(address: IpAddress | undefined): boolean;
  /** A pod as a workload whose own policies are asked for. */
  destinationOf(endpoint: Endpoint): Destination;
}

/**
 * Indexes a registry.
 *
 * @param absence  what an absent fact means to the judges
 * @param hops     CIDR ranges of NAT and gateways; what is none of these forms is left out
 */
export function createRegistryContext(
  registry: Registry,
  absence: Absence,
  hops: readonly string[] = [],
): RegistryContext {
  const labelIndex = createLabelIndex(registry);
  const members = indexMembers(registry, labelIndex);
  const located = new WeakMap<Destination, Endpoint>();
  const hopRanges = hops.flatMap((hop) => parseCidr(hop) ?? []).map(unmappedRange);
  const isBehindHop = (address: IpAddress | undefined): boolean =>
    address !== undefined && hopRanges.some((range) => ipInRange(unmapped(address.bytes), range));
  return {
    endpointsAt: members.endpointsAt,
    accountOf,
    isBehindHop,
    endpointsNamed: (principal) => members.named(principal)?.flatMap(({ endpoint }) => endpoint ?? []),
    destinationOf(endpoint) {
      const { namespace, serviceAccount, labels } = endpoint;
      const destination: Destination = { spiffeId: '', namespace, serviceAccount, labels: new Map(labels) };
      located.set(destination, endpoint);
      return destination;
    },
    locate(destination, address) {
      const endpoint = members
        .endpointsAt(address)
        .find((one) => one.namespace === destination.namespace && one.serviceAccount === destination.serviceAccount);
      if (endpoint === undefined) return destination;
      const found = { ...destination, labels: new Map(endpoint.labels) };
      located.set(found, endpoint);
      return found;
    },
    endpointLabels(destination) {
      const endpoint = located.get(destination);
      if (endpoint !== undefined) return labelIndex.ofEndpoint(endpoint);
      const { namespace, serviceAccount, labels } = destination;
      return labels && labelIndex.ofEndpoint({ namespace, serviceAccount, labels: [...labels] });
    },
    registryAtom(atom) {
      if (atom.op === 'identity') return identityJudge(atom, labelIndex, absence);
      if (atom.op === 'namedPort') return namedPortJudge(atom, members);
      return endpointJudge(atom, members, isBehindHop, absence);
    },
  };
}
