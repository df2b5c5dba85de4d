/**
 * Who calls and who is called across tenants: the pods of today, those to come, and the namespaces that do not exist.
 * @module
 */
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import { createLabelIndex } from '../../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry } from '../../../policy/registry/registry.ts';
import type { End } from '../../universe/asked-of-pods.ts';
import { namespacesToCome } from '../../universe/namespaces-to-come.ts';
import { type ComingPods, createComingPods, type PodToCome, withPods } from '../../universe/pods-to-come.ts';
import type { Resident } from '../../universe/resident.ts';
import { straysOf } from '../../universe/strays.ts';
import { residentOf, type Side, universeClasses } from '../../universe/universe.ts';
import { type AddressGiver, createAddressGiver } from '../../universe/with-addresses.ts';
import type { Party, Scope } from './proof.ts';
import { isNames, type Tenant, tenantOf } from './tenants.ts';

/** Somebody who calls, is called, or both. */
export interface Inhabitant extends Party {
  readonly resident: Resident;
  readonly tenant: Tenant | undefined;
  /** Undefined: both. */
  readonly end: End | undefined;
}

/** All of them, and the model in which they are. */
export interface Population {
  readonly inhabitants: readonly Inhabitant[];
  readonly model: PolicyModel;
  /** Whether namespaces to come were looked at, and why not. */
  readonly looksAhead: boolean;
  readonly notAhead: string;
}

/** What is looked at. */
export interface PopulationRequest {
  readonly side: Side;
  readonly tenants: readonly Tenant[];
  /** Certificates of other trust domains are believed to be of whom they say. */
  readonly believesForeigners: boolean;
}

type Dated = PodToCome & { readonly when: Scope; readonly end: End | undefined };

/** Puts them together. @throws BoundMet if there are too many kinds of them */
export function populationOf({ side, tenants, believesForeigners }: PopulationRequest): Population {
  const accounts = new Set(tenants.flatMap(({ shared }) => shared.flatMap(({ from, to }) => [from, to])));
  const apart = ({ namespace, serviceAccount }: Endpoint): string => {
    const name = `${namespace}/${serviceAccount}`;
    return accounts.has(name) ? name : '';
  };
  const today = inhabitantsOfToday({ ...side, apart });
  const giver = createAddressGiver(side.model);
  const coming = createComingPods(side.model, { trustDomain: side.trustDomain, giver, accounts });
  const { ahead, why } = podsAhead(side.model, today.namespaces, tenants, coming);
  const isAnyHard = tenants.some(({ isolation }) => isolation === 'hard');
  const soonest = ahead.pods.filter(({ when }) => when === 'future').map(({ endpoint }) => endpoint);
  const strangers = believesForeigners && isAnyHard ? foreigners([...today.pods, ...soonest], giver, side) : [];
  const known = withPods(side.model, ahead.pods, ahead.namespaces);
  const others = [...(known.registry ?? emptyRegistry).endpoints, ...strangers.map(({ endpoint }) => endpoint)];
  const strays = isAnyHard ? straysOf(ahead.pods, side.model, others) : [];
  const model = withPods(known, strays, []);
  const index = createLabelIndex(model.registry ?? emptyRegistry);
  const inhabitant = (endpoint: Endpoint, when: Scope, end?: End): Inhabitant => ({
    ...{ endpoint, when, end },
    resident: residentOf(endpoint, side)!,
    tenant: tenantOf(tenants, endpoint.namespace, index.ofNamespace(endpoint.namespace)),
  });
  const inhabitants = [
    ...today.pods.map((endpoint) => inhabitant(endpoint, 'today')),
    ...ahead.pods.map(({ endpoint, when, end }) => inhabitant(endpoint, when, end)),
    ...strangers,
    ...strays.map(({ endpoint, when, end }) => ({
      ...inhabitant(endpoint, when, end),
      elsewhere: endpoint.addresses[0]!, // its only one
    })),
  ];
  return { inhabitants, model, looksAhead: ahead.looksAtNamespaces, notAhead: why };
}

/**
 * Pods to come, those that call apart from those that are called: of what is asked of the one, nothing is asked of the other, and so
 * there are as many kinds as the sum of both and not as their product.
 */
function podsAhead(model: PolicyModel, today: ReadonlySet<string>, tenants: readonly Tenant[], coming: ComingPods) {
  // Behind a hop a caller is every pod of its name, those that are called too.
  const ends: readonly (End | undefined)[] = (model.hops ?? []).length > 0 ? [undefined] : ['source', 'destination'];
  const own = [...today].flatMap((namespace) =>
    ends.flatMap((end) => coming.of(model.registry ?? emptyRegistry, namespace, end).map(dated('future', end))),
  );
  if (tenants.every(({ namespaces }) => isNames(namespaces)))
    return { ahead: { pods: own, namespaces: [], looksAtNamespaces: false }, why: '' };
  const { kinds, why } = namespacesToCome(model, selectorsOf(tenants), coming, ends);
  if (kinds === undefined) return { ahead: { pods: own, namespaces: [], looksAtNamespaces: false }, why };
  const later = kinds.pods.map(({ pod, end }) => dated('namespaces', end)(pod));
  return { ahead: { pods: [...own, ...later], namespaces: kinds.namespaces, looksAtNamespaces: true }, why };
}

const dated =
  (when: Scope, end: End | undefined) =>
  (pod: PodToCome): Dated => ({ ...pod, when, end });

const selectorsOf = (tenants: readonly Tenant[]): readonly LabelExpr[] =>
  tenants.flatMap(({ namespaces }) => (isNames(namespaces) ? [] : [namespaces]));

/** None of ours: what is so called belongs to nobody. */
const FOREIGN = 'foreign.invalid';

/** Workloads of another trust domain, one for each name of ours that they may take. */
function foreigners(ours: readonly Endpoint[], giver: AddressGiver, side: Side): readonly Inhabitant[] {
  const names = new Map(ours.map((one) => [`${one.namespace}/${one.serviceAccount}`, one]));
  return [...names.values()].map(({ namespace, serviceAccount }): Inhabitant => {
    const addresses = [giver.nextFor(namespace)];
    const endpoint: Endpoint = {
      ...{ namespace, serviceAccount, addresses, name: `of-${FOREIGN}` },
      ...{ labels: [], ports: [], hostNetwork: false },
    };
    const resident = residentOf(endpoint, { ...side, trustDomain: FOREIGN, workloads: [] })!;
    return { endpoint, resident, when: 'future', tenant: undefined, trustDomain: FOREIGN, end: 'source' };
  });
}

/** One pod of each class, and all namespaces. */
function inhabitantsOfToday(side: Side) {
  const registry = side.model.registry ?? emptyRegistry;
  const pods = universeClasses([side]).flatMap(({ residents }) => residents[0]?.endpoint ?? []);
  const namespaces = new Set([
    ...registry.namespaces.map(({ name }) => name),
    ...registry.endpoints.map(({ namespace }) => namespace),
  ]);
  return { pods, namespaces };
}
