/**
 * Who calls and who is called: the pods of one registry, or of two, and the addresses outside, in classes that no policy tells apart.
 * @module
 */
import { parseIp } from '../../lib/ip-address.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import { workloadClasses } from '../classes/workload-classes.ts';
import { askedRanges } from './asked-ranges.ts';
import { type OutsideClass, outsideClasses } from './outside.ts';
import type { Resident } from './resident.ts';

/** What is alike to every policy of every side. */
export interface UniverseClass {
  readonly id: string;
  /** `namespace/name` of its pods of today; empty for another class. */
  readonly members: readonly string[];
  readonly outside: OutsideClass | undefined;
  /** Its first pod, as each side knows it; undefined where a side has none of it. */
  readonly residents: readonly (Resident | undefined)[];
  /** Its second pod, whom the first may call. */
  readonly seconds: readonly (Resident | undefined)[];
  /** Labels that all of its pods have, and their names. */
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly serviceAccounts: readonly string[];
  readonly future?: ShownFuture;
  /** How many pods it has, with those that do not exist. */
  readonly size: number;
}

/** Pods that do not exist. */
export interface ShownFuture {
  readonly namespaces: readonly string[];
  /** Of the namespaces that do not exist either, their labels by name. */
  readonly newNamespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly labels: string;
  readonly serviceAccounts: readonly string[];
  /** Ports that they name, where that counts. */
  readonly ports?: readonly string[];
}

/** One configuration: its policies, and how it names its workloads. */
export interface Side {
  readonly model: PolicyModel;
  readonly trustDomain: string;
  /** Pods of which it says different things are of different classes. */
  readonly apart?: (endpoint: Endpoint) => string;
  readonly workloads: readonly {
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly spiffeId: string;
  }[];
}

/** The name that a pod's certificate bears. */
function principalOf({ namespace, serviceAccount }: Endpoint, { trustDomain, workloads }: Side): string {
  const told = workloads.find((one) => one.namespace === namespace && one.serviceAccount === serviceAccount);
  return told?.spiffeId ?? `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

const nameOf = ({ namespace, name }: Endpoint): string => `${namespace}/${name}`;

/** Pods that do not exist, among those of a side. */
export interface PodsAhead {
  /** By `namespace/name`. */
  has(name: string): boolean;
  /** What they are together. */
  shownOf(names: readonly string[]): ShownFuture;
}

/** Puts the pods of all sides and the addresses outside in classes. */
export function universeClasses(sides: readonly Side[], coming?: PodsAhead): readonly UniverseClass[] {
  const known = sides.map(membersOf);
  const groups = new Map<string, string[]>();
  for (const name of new Set(known.flatMap((members) => [...members.keys()]))) {
    const key = known.map((members) => members.get(name)?.group ?? '').join('|');
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(name);
  }
  let [today, ahead] = [0, 0];
  const pods = [...groups.values()].map((names): UniverseClass => {
    const members = coming === undefined ? names : names.filter((name) => !coming.has(name));
    if (coming !== undefined && members.length === 0) {
      const future = coming.shownOf(names);
      return { ...podClass(names, names), id: `f${++ahead}`, members, future };
    }
    return { ...podClass(names, members), id: `c${++today}` };
  });
  return [...pods, ...outsideOf(sides, coming)];

  function podClass(names: readonly string[], told: readonly string[]): UniverseClass {
    const endpoints = told.map((name) => known.map((members) => members.get(name)?.endpoint).findLast((one) => one)!);
    return {
      id: '',
      members: told,
      outside: undefined,
      residents: sides.map((side, at) => residentOf(known[at]!.get(names[0]!)?.endpoint, side)),
      seconds: sides.map((side, at) => residentOf(known[at]!.get(names[1] ?? names[0]!)?.endpoint, side)),
      labels: sharedLabels(endpoints),
      namespace: endpoints[0]!.namespace,
      serviceAccounts: [...new Set(endpoints.map(({ serviceAccount }) => serviceAccount))].sort(),
      size: names.length,
    };
  }
}

/** The pods of one side, each with the name of what is alike to its policies. */
function membersOf(side: Side): ReadonlyMap<string, { readonly endpoint: Endpoint; readonly group: string }> {
  const { model, trustDomain } = side;
  const endpoints = (model.registry ?? emptyRegistry).endpoints;
  const apart = (endpoint: Endpoint): string => {
    const told = principalOf(endpoint, side);
    const families = endpoint.addresses.map((address) => String(hostOf(address).includes(':')));
    return `${side.apart?.(endpoint) ?? ''} ${told === principalOf(endpoint, { ...side, workloads: [] }) ? '' : told} ${families.join()}`;
  };
  const classes = workloadClasses(model, { trustDomains: [trustDomain], apart });
  const onNodes = endpoints.filter(({ hostNetwork }) => hostNetwork).map((one) => [one]);
  return new Map(
    [...classes, ...onNodes].flatMap((members, group) =>
      members.map((endpoint) => [nameOf(endpoint), { endpoint, group: String(group) }] as const),
    ),
  );
}

const hostOf = (address: string): string => address.replace(/\/.*$/, '');

/** One pod as it calls and is called. */
export function residentOf(endpoint: Endpoint | undefined, side: Side): Resident | undefined {
  if (endpoint === undefined) return undefined;
  const addresses = endpoint.addresses.map(hostOf).filter((address) => parseIp(address) !== undefined);
  return { endpoint, addresses, principal: principalOf(endpoint, side) };
}

function sharedLabels(endpoints: readonly Endpoint[]): Record<string, string> {
  const [first, ...others] = endpoints.map(({ labels }) => new Map(labels));
  return Object.fromEntries(
    [...(first ?? [])].filter(([key, value]) => others.every((labels) => labels.get(key) === value)),
  );
}

/** An address that a pod to come has here may as well be nobody's. */
function outsideOf(sides: readonly Side[], coming: PodsAhead | undefined): UniverseClass[] {
  const endpoints = sides.flatMap(({ model }) => (model.registry ?? emptyRegistry).endpoints);
  const isAhead = (one: Endpoint): boolean => coming?.has(nameOf(one)) ?? false;
  const taken = new Set(endpoints.flatMap((one) => (isAhead(one) ? [] : one.addresses)));
  const avoided = new Set(endpoints.flatMap((one) => (isAhead(one) ? one.addresses : [])));
  const ranges = new Set(sides.flatMap(({ model }) => [...askedRanges(model)]));
  return outsideClasses(taken, ranges, avoided).map((outside, i) => ({
    id: `o${i + 1}`,
    members: [],
    outside,
    residents: sides.map(() => ({ addresses: [outside.address] })),
    seconds: sides.map(() => ({ addresses: [outside.address] })),
    labels: {},
    namespace: '',
    serviceAccounts: [],
    size: 0,
  }));
}
