/**
 * Pods that do not exist: of each namespace one for each combination of answers that policies can get about its labels, its service
 * account and the ports that it names.
 *
 * A pod may bear any labels but those under `pcns.`, `pcsa.` and `projectcalico.org/`, which are what it inherits; and any service
 * account of its namespace, of which those that do not exist may have any labels.
 * @module
 */
import { type LabelExpr, type Labels, labelsMatch } from '../../policy/meaning/labels.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { createLabelIndex } from '../../policy/registry/effective-labels.ts';
import { servicesOf } from '../../policy/registry/join-registry.ts';
import {
  type Endpoint,
  emptyRegistry,
  isServiceKey,
  type NamedPort,
  type Registry,
  type ServiceAccountEntry,
} from '../../policy/registry/registry.ts';
import { BoundMet } from '../regions/bound.ts';
import type { Region } from '../regions/diagrams.ts';
import { type AskedOfPods, askedOfPods, type End } from './asked-of-pods.ts';
import type { KindOfPods } from './kind-text.ts';
import { createLabelSpace, type LabelSpace } from './label-space.ts';
import { createServicesAhead, type ServicesAhead } from './services-to-come.ts';
import type { AddressGiver } from './with-addresses.ts';

/** A pod that may come, and what it takes. */
export interface PodToCome {
  readonly endpoint: Endpoint;
  /** Its service account, where that does not exist. */
  readonly account: ServiceAccountEntry | undefined;
  /** Which pods it stands for. */
  shown(): KindOfPods;
}

/** Where the pods are to come. */
export interface ComingOptions {
  readonly trustDomain: string;
  readonly giver: AddressGiver;
  /** Service accounts, as `namespace/name`, that others are told apart from. */
  readonly accounts: ReadonlySet<string>;
}

const MOST_KINDS = 2048;

/** Pods that may come to the namespaces of one model, or of models with the same policies. */
export interface ComingPods {
  /** All kinds of them. @throws BoundMet if there are too many */
  of(registry: Registry, namespace: string, end?: End): readonly PodToCome[];
}

/** Reads once what policies ask of pods. */
export function createComingPods({ planes, registry: today }: PolicyModel, options: ComingOptions): ComingPods {
  const space = createLabelSpace();
  const services = createServicesAhead(servicesOf(today ?? emptyRegistry));
  const asked = new Map<End | undefined, AskedOfPods>();
  return {
    of(registry, namespace, end) {
      const own = asked.get(end) ?? askedOfPods(planes, end);
      asked.set(end, own);
      return podsToCome({ ...surroundings(registry, namespace), services }, own, space, { ...options, end });
    },
  };
}

function podsToCome(
  around: Surroundings,
  asked: AskedOfPods,
  space: LabelSpace,
  { trustDomain, giver, accounts, end }: ComingOptions & { readonly end: End | undefined },
): readonly PodToCome[] {
  const { namespace } = around;
  const questions = new Set<Region>();
  const subjects = asked.subjectsIn(namespace);
  for (const selector of [...subjects.selectors, ...asked.selectors]) questions.add(regionOf(selector, space, around));
  for (const [key, value] of subjects.pairs)
    if (!isInherited(key)) questions.add(space.label(key, { op: 'in', key, values: [value] }));
  const beginning = `spiffe://${trustDomain}/ns/${namespace}/sa/`;
  for (const pattern of asked.principals) questions.add(space.account(space.accountsMatching(pattern, beginning)));
  for (const name of asked.accounts) questions.add(space.accountNamed(name));
  for (const each of accounts) {
    const [own, name] = each.split('/');
    if (own === namespace && name !== undefined) questions.add(space.accountNamed(name));
  }
  for (const selector of asked.accountSelectors) questions.add(accountRegion(selector, space, around));
  for (const key of asked.services) questions.add(around.services.selectedBy(key, namespace, space));
  const kinds = space.kindsBy(questions, MOST_KINDS, `kinds of pods that may come to namespace ${namespace}`);
  const ports = portVariants(
    new Set([...asked.portNames, ...around.services.targetsOf(asked.services, namespace)]),
    asked.portCuts,
  );
  let number = 0;
  const accountOf = accountChooser(space, around);
  return kinds.flatMap((kind) => {
    const shown = (): KindOfPods => space.textsOf(kind);
    const { labels, serviceAccount, account } = accountOf(kind);
    return ports.map(
      (named): PodToCome => ({
        endpoint: around.services.join({
          namespace,
          name: `to-come-${end === undefined ? '' : `${endNames[end]}-`}${++number}`,
          serviceAccount,
          labels,
          addresses: [giver.nextFor(namespace)],
          ports: named,
          hostNetwork: false,
        }),
        shown,
        account,
      }),
    );
  });
}

/** The model with pods beside those of today. */
export function withPods(
  model: PolicyModel,
  coming: readonly Pick<PodToCome, 'endpoint' | 'account'>[],
  namespaces: readonly { name: string; labels: Endpoint['labels'] }[],
): PolicyModel {
  const registry = model.registry ?? emptyRegistry;
  return {
    ...model,
    registry: {
      ...registry,
      namespaces: [...registry.namespaces, ...namespaces],
      endpoints: [...registry.endpoints, ...coming.map(({ endpoint }) => endpoint)],
      serviceAccounts: [...registry.serviceAccounts, ...coming.flatMap(({ account }) => account ?? [])],
    },
  };
}

const isInherited = (key: string): boolean =>
  key.startsWith('pcns.') || key.startsWith('pcsa.') || key.startsWith('projectcalico.org/');

/** They stand beside each other in one registry. */
const endNames: Readonly<Record<End, string>> = { source: 'calls', destination: 'called' };

interface Surroundings {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly services: ServicesAhead;
  /** Service accounts that exist there, with their labels. */
  readonly accounts: readonly { readonly name: string; readonly labels: Labels }[];
}

function surroundings(registry: Registry, namespace: string): Omit<Surroundings, 'services'> {
  const index = createLabelIndex(registry);
  const names = new Set([
    ...registry.endpoints.flatMap((one) => (one.namespace === namespace ? [one.serviceAccount] : [])),
    ...registry.serviceAccounts.flatMap((one) => (one.namespace === namespace ? [one.name] : [])),
  ]);
  return {
    namespace,
    namespaceLabels: index.ofNamespace(namespace),
    accounts: [...names].map((name) => ({ name, labels: index.ofServiceAccount(namespace, name) })),
  };
}

/** Chooses a pod of each kind, and its service account: one that does not exist has its own labels, and there is one of a name. */
function accountChooser(space: LabelSpace, { namespace, accounts }: Surroundings) {
  const isKnown = new Set(accounts.map(({ name }) => name));
  const numbers = new Map<string, number>();
  const taken = new Map<string, string>();
  return (kind: Region) => {
    const labelsAsked = JSON.stringify(space.sampleOf(kind).accountLabels);
    const number = numbers.get(labelsAsked) ?? numbers.size;
    numbers.set(labelsAsked, number);
    const usual = ['other', 'new', 'default'].map((name) => (number === 0 ? name : `${name}-${number}`));
    const { labels, account: asked, accountLabels } = space.sampleOf(kind, usual);
    const serviceAccount = asked ?? accounts[0]?.name ?? usual.at(-1)!;
    if (isKnown.has(serviceAccount)) return { labels, serviceAccount, account: undefined };
    const others = taken.get(serviceAccount) ?? labelsAsked;
    if (others !== labelsAsked)
      throw new BoundMet(
        `service account ${namespace}/${serviceAccount}, which does not exist, with one label or another`,
      );
    taken.set(serviceAccount, labelsAsked);
    return { labels, serviceAccount, account: { namespace, name: serviceAccount, labels: accountLabels } };
  };
}

/** The pods that a selector over effective labels takes. */
function regionOf(expr: LabelExpr, space: LabelSpace, around: Surroundings): Region {
  return space.fold(expr, (leaf) => {
    const { key } = leaf;
    if (isServiceKey(key)) return around.services.selectedBy(key, around.namespace, space);
    if (key === 'projectcalico.org/serviceaccount' || key === 'pcsa.projectcalico.org/name')
      return space.accountWhere(leaf);
    if (key.startsWith('pcsa.')) return accountRegion(withKey(leaf, key.slice(5)), space, around);
    if (!isInherited(key)) return space.label(key, leaf);
    const known = new Map([
      ['projectcalico.org/namespace', around.namespace],
      ['projectcalico.org/orchestrator', 'k8s'],
      ...[...around.namespaceLabels].map(([own, value]) => [`pcns.${own}`, value] as const),
    ]);
    return labelsMatch(leaf, known) ? 1 : 0;
  });
}

type Leaf = Extract<LabelExpr, { readonly key: string }>;

const withKey = (leaf: Leaf, key: string): Leaf => ({ ...leaf, key });

/** The pods whose service account a selector over its labels takes: one that exists has its labels, another may have any. */
function accountRegion(expr: LabelExpr, space: LabelSpace, { accounts }: Surroundings): Region {
  const { diagrams } = space;
  return space.fold(expr, (leaf) => {
    if (leaf.key === 'projectcalico.org/name') return space.accountWhere(leaf);
    let out = space.label(`pcsa.${leaf.key}`, leaf);
    for (const { name, labels } of accounts) {
      const here = space.accountNamed(name);
      out = diagrams.minus(out, here);
      if (labelsMatch(leaf, labels)) out = diagrams.or(out, here);
    }
    return out;
  });
}

const MOST_VARIANTS = 64;

/** Each of the names may be given to no port, or to one of each kind that policies tell apart. */
function portVariants(names: ReadonlySet<string>, cuts: ReadonlySet<number>): readonly (readonly NamedPort[])[] {
  const ports = [...cuts].filter((port) => port >= 1 && port <= 65_535).sort((a, b) => a - b);
  let out: readonly (readonly NamedPort[])[] = [[]];
  for (const name of names) {
    out = out.flatMap((own) => [own, ...ports.map((port) => [...own, { name, port, protocol: 'TCP' as const }])]);
    if (out.length > MOST_VARIANTS)
      throw new BoundMet(`more than ${MOST_VARIANTS} ways in which pods to come may name their ports`);
  }
  return out;
}
