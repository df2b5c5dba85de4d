/**
 * The registry as policy asks it: which endpoints hold an address, and what their labels satisfy.
 * @module
 */
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import { finish, type Work } from '../../lib/work.ts';
import type { ServiceAccountRef } from '../../spiffe/spiffe-id.ts';
import type { Destination, IpAddress } from '../facts.ts';
import type { Absence } from '../model.ts';
import { labelsOf, type Member, namedPortsOf } from '../registry/member-layer.ts';
import { type MemberIds, membersWork, type RegistryMembers } from '../registry/members.ts';
import { type Endpoint, emptyRegistry, type NamedPort, type Registry } from '../registry/registry.ts';
import { createSelectors } from '../registry/selected-members.ts';
import { accountOf } from './account-of.ts';
import { areSameLabels, type Labels } from './labels.ts';
import type { ConditionContext, Judge, RegistryAtom } from './registry-atom.ts';
import { type Entered, endpointJudge, identityJudge, namedPortJudge } from './registry-judges.ts';
import type { SubjectContext } from './subject.ts';

/** A registry, indexed. */
export interface RegistryContext extends SubjectContext, Pick<ConditionContext, 'registryAtom'> {
  readonly endpointLabels: (destination: Destination) => Labels | undefined;
  readonly registryAtom: (atom: RegistryAtom) => Judge;
  /**
   * The same workload with its pod: the one that holds the address and bears the workload's namespace and service account. Of several it
   * is the one with the labels that are said; where that is none, and theirs differ, its labels are unknown.
   */
  locate(destination: Destination, address: IpAddress | undefined): Destination;
  /** The pods and network sets that hold an address. */
  membersAt(address: IpAddress | undefined): readonly Member[];
  /** The pods that hold an address. */
  endpointsAt(address: IpAddress | undefined): readonly Endpoint[];
  /** The ports that they, and the places of Services at an address, give a name. */
  namedPortsAt(address: IpAddress | undefined): readonly NamedPort[];
  /** The pods with the namespace and service account that a principal names; undefined if it names none. */
  endpointsNamed(principal: string): readonly Endpoint[] | undefined;
  accountOf(principal: string): ServiceAccountRef | undefined;
  /** Whether an address is that of a hop (NAT, gateway): it says nothing about the source's place. */
  isBehindHop(address: IpAddress | undefined): boolean;
  /** Lets conditions go by this registry from now on. */
  enter(): void;
  /** A pod as a workload whose own policies are asked for. */
  destinationOf(endpoint: Endpoint): Destination;
}

/** Contexts of one registry after another, whose conditions are compiled once for all of them. */
export interface RegistryContexts {
  /** Indexes a registry, by the context before if little has changed. Conditions do not go by it before it is entered. */
  contextWork(registry: Registry, last?: RegistryContext): Work<RegistryContext>;
}

/** Indexes one registry, and enters it. For the parameters see `createRegistryContexts`. */
export function createRegistryContext(
  registry: Registry,
  absence: Absence,
  hops: readonly string[] = [],
): RegistryContext {
  const context = finish(createRegistryContexts(absence, hops).contextWork(registry));
  context.enter();
  return context;
}

/**
 * Creates contexts of registries that follow one another.
 *
 * @param absence  what an absent fact means to the judges
 * @param hops     CIDR ranges of NAT and gateways; what is none of these forms is left out
 */
export function createRegistryContexts(absence: Absence, hops: readonly string[] = []): RegistryContexts {
  const hopRanges = hops.flatMap((hop) => parseCidr(hop) ?? []).map(unmappedRange);
  const isBehindHop = (address: IpAddress | undefined): boolean =>
    address !== undefined && hopRanges.some((range) => ipInRange(unmapped(address.bytes), range));
  const ids: MemberIds = { next: 0 };
  const entered: Entered = { members: finish(membersWork(emptyRegistry, ids, undefined)) };
  const selectorOf = createSelectors();
  const registryAtom = (atom: RegistryAtom): Judge => {
    if (atom.op === 'identity') return identityJudge(atom, entered, absence);
    if (atom.op === 'namedPort') return namedPortJudge(atom, entered);
    return endpointJudge(atom, entered, selectorOf(atom.selector), isBehindHop, absence);
  };
  return {
    *contextWork(registry, last) {
      const members = yield* membersWork(registry, ids, last && membersOf.get(last));
      const enter = (): void => {
        entered.members = members;
      };
      const context: RegistryContext = { ...createQuestions(members), registryAtom, isBehindHop, enter };
      membersOf.set(context, members);
      return context;
    },
  };
}

const membersOf = new WeakMap<RegistryContext, RegistryMembers>();

/** What is asked of one registry besides conditions. */
function createQuestions(members: RegistryMembers) {
  const { labelIndex } = members;
  const located = new WeakMap<Destination, Endpoint>();
  const labels = new WeakMap<Destination, Labels>();
  const membersAt = (address: IpAddress | undefined): readonly Member[] =>
    address === undefined ? [] : members.holding(address);
  const endpointsAt = (address: IpAddress | undefined): readonly Endpoint[] =>
    membersAt(address).flatMap(({ endpoint }) => endpoint ?? []);
  const labelsOfDestination = (destination: Destination): Labels | undefined => {
    const endpoint = located.get(destination);
    const member = endpoint && members.memberOf(endpoint);
    if (member !== undefined) return labelsOf(member);
    if (endpoint !== undefined) return labelIndex.ofEndpoint(endpoint);
    const { namespace, serviceAccount, labels: own } = destination;
    return own && labelIndex.ofEndpoint({ namespace, serviceAccount, labels: [...own] });
  };
  return {
    membersAt,
    endpointsAt,
    namedPortsAt: (address: IpAddress | undefined): readonly NamedPort[] => membersAt(address).flatMap(namedPortsOf),
    accountOf,
    endpointsNamed(principal: string) {
      const account = accountOf(principal);
      return account && members.named(account).flatMap(({ endpoint }) => endpoint ?? []);
    },
    destinationOf(endpoint: Endpoint): Destination {
      const { namespace, serviceAccount } = endpoint;
      const destination: Destination = { spiffeId: '', namespace, serviceAccount, labels: new Map(endpoint.labels) };
      located.set(destination, endpoint);
      return destination;
    },
    locate(destination: Destination, address: IpAddress | undefined): Destination {
      const { namespace, serviceAccount, labels: said } = destination;
      const some = endpointsAt(address).filter(
        (one) => one.namespace === namespace && one.serviceAccount === serviceAccount,
      );
      if (some.length === 0) return destination;
      const endpoint = some.length === 1 ? some[0] : meant(some, said);
      if (endpoint === undefined) return { ...destination, labels: undefined };
      const found = { ...destination, labels: new Map(endpoint.labels) };
      located.set(found, endpoint);
      return found;
    },
    endpointLabels(destination: Destination): Labels | undefined {
      const known = labels.get(destination) ?? labelsOfDestination(destination);
      if (known !== undefined) labels.set(destination, known);
      return known;
    },
  };
}

/** The pod that has the labels that are said, or any of those that are all alike. */
function meant(pods: readonly Endpoint[], said: Labels | undefined): Endpoint | undefined {
  const found = said && pods.find(({ labels }) => areSameLabels(new Map(labels), said));
  if (found !== undefined) return found;
  const [first, ...others] = pods;
  const labels = new Map(first?.labels);
  return others.every((one) => areSameLabels(new Map(one.labels), labels)) ? first : undefined;
}
