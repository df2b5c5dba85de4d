/**
 * Pods that do not exist: of each namespace one for each combination of answers that policies can get about its labels, its service
 * account and the ports that it names.
 *
 * A pod may bear any labels but those under `pcns.`, `pcsa.` and `projectcalico.org/`, which are what it inherits; and any service
 * account of its namespace, of which those that do not exist may have any labels.
 * @module
 */
import { type LabelExpr, type Labels, labelsMatch } from '../../policy/meaning/labels.ts';
import type { PolicyModel, TextPattern } from '../../policy/model.ts';
import { createLabelIndex } from '../../policy/registry/effective-labels.ts';
import {
  type Endpoint,
  emptyRegistry,
  type NamedPort,
  type ServiceAccountEntry,
} from '../../policy/registry/registry.ts';
import { BoundMet } from '../regions/bound.ts';
import type { Region } from '../regions/diagrams.ts';
import { visitAtoms } from './asked-ranges.ts';
import type { KindOfPods } from './kind-text.ts';
import { createLabelSpace, type LabelSpace } from './label-space.ts';
import type { AddressGiver } from './with-addresses.ts';

/** A pod that may come, and what it takes. */
export interface PodToCome {
  readonly endpoint: Endpoint;
  /** Its service account, where that does not exist. */
  readonly account: ServiceAccountEntry | undefined;
  /** Which pods it stands for. */
  readonly shown: KindOfPods;
}

/** Where the pods are to come. */
export interface ComingOptions {
  readonly trustDomain: string;
  readonly giver: AddressGiver;
  /** Service accounts, as `namespace/name`, that others are told apart from. */
  readonly accounts: ReadonlySet<string>;
}

const MOST_KINDS = 2048;

/** All kinds of pods that may come to a namespace. @throws BoundMet if there are too many */
export function podsToCome(
  model: PolicyModel,
  namespace: string,
  { trustDomain, giver, accounts }: ComingOptions,
): readonly PodToCome[] {
  const space = createLabelSpace();
  const asked = askedOfPods(model);
  const questions = new Set<Region>();
  const around = surroundings(model, namespace);
  for (const selector of asked.selectors) questions.add(regionOf(selector, space, around));
  for (const [key, value] of asked.pairs)
    if (!isInherited(key)) questions.add(space.label(key, { op: 'in', key, values: [value] }));
  for (const pattern of asked.principals)
    questions.add(space.account(space.accountsMatching(pattern, `spiffe://${trustDomain}/ns/${namespace}/sa/`)));
  for (const name of asked.accounts) questions.add(space.accountNamed(name));
  for (const each of accounts) {
    const [own, name] = each.split('/');
    if (own === namespace && name !== undefined) questions.add(space.accountNamed(name));
  }
  for (const selector of asked.accountSelectors) questions.add(accountRegion(selector, space, around));
  const kinds = space.kindsBy(questions, MOST_KINDS, `kinds of pods that may come to namespace ${namespace}`);
  const ports = portVariants(asked.portNames, asked.portCuts);
  let number = 0;
  return kinds.flatMap((kind) => {
    const shown = space.textsOf(kind);
    const { labels, account, accountLabels } = space.sampleOf(kind);
    const serviceAccount = account ?? around.accounts[0]?.name ?? 'default';
    const isKnown = around.accounts.some(({ name }) => name === serviceAccount);
    return ports.map(
      (named): PodToCome => ({
        endpoint: {
          namespace,
          name: `to-come-${++number}`,
          serviceAccount,
          labels,
          addresses: [giver.nextFor(namespace)],
          ports: named,
          hostNetwork: false,
        },
        shown,
        account: isKnown ? undefined : { namespace, name: serviceAccount, labels: accountLabels },
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

/** What policies ask of pods. */
function askedOfPods({ planes }: PolicyModel) {
  const selectors = new Map<string, LabelExpr>();
  const accountSelectors = new Map<string, LabelExpr>();
  const pairs = new Map<string, readonly [string, string]>();
  const principals = new Map<string, TextPattern>();
  const [accounts, portNames, portCuts] = [new Set<string>(), new Set<string>(), new Set<number>([1, 65_536])];
  const put = <T>(into: Map<string, T>, value: T): unknown => into.set(JSON.stringify(value), value);
  for (const { stages } of planes)
    for (const { policies } of stages)
      for (const { subject } of policies) {
        for (const pair of subject.labels) put(pairs, pair);
        if (subject.selector !== undefined) put(selectors, subject.selector);
      }
  visitAtoms(planes, (atom) => {
    if (atom.op === 'endpoint') put(selectors, atom.selector);
    else if (atom.op === 'namedPort') portNames.add(atom.name);
    else if (atom.op === 'port') for (const { from, to } of atom.any) portCuts.add(from).add(to + 1);
    else if (atom.op === 'text' && atom.fact.of === 'peerName')
      for (const pattern of atom.any) put(principals, pattern);
    else if (atom.op === 'identity') {
      for (const name of atom.names ?? []) accounts.add(name);
      if (atom.serviceAccount !== undefined) put(accountSelectors, atom.serviceAccount);
    }
  });
  return {
    ...{ accounts, portNames, portCuts, pairs: [...pairs.values()], selectors: [...selectors.values()] },
    ...{ principals: [...principals.values()], accountSelectors: [...accountSelectors.values()] },
  };
}

interface Surroundings {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  /** Service accounts that exist there, with their labels. */
  readonly accounts: readonly { readonly name: string; readonly labels: Labels }[];
}

function surroundings({ registry = emptyRegistry }: PolicyModel, namespace: string): Surroundings {
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

/** The pods that a selector over effective labels takes. */
function regionOf(expr: LabelExpr, space: LabelSpace, around: Surroundings): Region {
  return space.fold(expr, (leaf) => {
    const { key } = leaf;
    if (key.startsWith('service ')) throw new BoundMet(`pods to come behind ${key}`);
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
