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
}

/** Pods that do not exist. */
export interface ShownFuture {
  readonly namespaces: readonly string[];
  readonly labels: string;
  readonly serviceAccounts: readonly string[];
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

/** Puts the pods of all sides and the addresses outside in classes. */
export function universeClasses(sides: readonly Side[]): readonly UniverseClass[] {
  const known = sides.map(membersOf);
  const groups = new Map<string, string[]>();
  for (const name of new Set(known.flatMap((members) => [...members.keys()]))) {
    const key = known.map((members) => members.get(name)?.group ?? '').join('|');
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(name);
  }
  const pods = [...groups.values()].map((names, i): UniverseClass => {
    const endpoints = names.map((name) => known.map((members) => members.get(name)?.endpoint).findLast((one) => one)!);
    return {
      id: `c${i + 1}`,
      members: names,
      outside: undefined,
      residents: sides.map((side, at) => residentOf(known[at]!.get(names[0]!)?.endpoint, side)),
      seconds: sides.map((side, at) => residentOf(known[at]!.get(names[1] ?? names[0]!)?.endpoint, side)),
      labels: sharedLabels(endpoints),
      namespace: endpoints[0]!.namespace,
      serviceAccounts: [...new Set(endpoints.map(({ serviceAccount }) => serviceAccount))].sort(),
    };
  });
  return [...pods, ...outsideOf(sides)];
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

function outsideOf(sides: readonly Side[]): UniverseClass[] {
  const taken = new Set(
    sides.flatMap(({ model }) => (model.registry ?? emptyRegistry).endpoints.flatMap((one) => one.addresses)),
  );
  const ranges = new Set(sides.flatMap(({ model }) => [...askedRanges(model)]));
  return outsideClasses(taken, ranges).map((outside, i) => ({
    id: `o${i + 1}`,
    members: [],
    outside,
    residents: sides.map(() => ({ addresses: [outside.address] })),
    seconds: sides.map(() => ({ addresses: [outside.address] })),
    labels: {},
    namespace: '',
    serviceAccounts: [],
  }));
}
