/**
 * Workloads in classes: what no policy in force can tell apart is one class.
 *
 * Two workloads of a class get equal verdicts in every plane, as the destination of a request and as its source, whatever else the
 * request says. So one of a class may be asked for all of them. Classes may be finer than need be, never coarser.
 * @module
 */
import { type IpRange, parseCidr, unmappedRange } from '../../lib/ip-address.ts';
import { CidrTrie } from '../../lib/tries/cidr-trie.ts';
import type { LabelExpr } from '../../policy/meaning/labels.ts';
import type { Expr, PolicyModel, Subject } from '../../policy/model.ts';
import { createLabelIndex } from '../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import { createAddressInterest } from './address-interest.ts';
import { createLabelInterest } from './label-interest.ts';
import { createNameInterest } from './name-interest.ts';

/** How workloads are told apart. */
export interface ClassOptions {
  /** Of the principals that requests name. */
  readonly trustDomains: readonly string[];
  /** Further selectors over effective labels that tell workloads apart. */
  readonly selectors?: readonly LabelExpr[];
  /** Workloads of which this says different things are of different classes. */
  readonly apart?: (endpoint: Endpoint) => string;
}

/**
 * Puts the workloads of a registry in classes, each in the order of the registry, the classes by their first. Those on their node's
 * network are in none: no policy between pods is about them.
 */
export function workloadClasses(
  model: PolicyModel,
  options: ClassOptions,
  endpoints: readonly Endpoint[] = (model.registry ?? emptyRegistry).endpoints,
): readonly (readonly Endpoint[])[] {
  const signatureOf = createSignature(model, options);
  const own = endpoints.filter(({ hostNetwork }) => !hostNetwork);
  return [...Map.groupBy(own, signatureOf).values()];
}

function createSignature(model: PolicyModel, options: ClassOptions): (endpoint: Endpoint) => string {
  const registry = model.registry ?? emptyRegistry;
  const asked = interestsOf(model, options);
  const labelIndex = createLabelIndex(registry);
  const isShared = sharedAddresses(registry.endpoints);
  const hasHops = (model.hops ?? []).length > 0;
  const accounts = new Map<string, string>();
  const accountOf = (namespace: string, account: string): string => {
    const key = `${namespace}/${account}`;
    let known = accounts.get(key);
    // Behind a hop all pods of a name speak for each of them, so every name counts.
    known ??= hasHops
      ? account
      : `${asked.names.signatureOf(namespace, account)} ${asked.accountLabels.signatureOf(labelIndex.ofServiceAccount(namespace, account))}`;
    accounts.set(key, known);
    return known;
  };
  let alone = 0;
  return (endpoint) => {
    const { namespace, serviceAccount, labels, addresses, ports, behind = [] } = endpoint;
    const named = [...ports, ...behind.map((one) => ({ ...one, name: one.service }))]
      .filter(({ name }) => asked.ports.has(name))
      .map(({ name, port, protocol }) => `${name} ${port} ${protocol}`);
    return JSON.stringify([
      namespace,
      accountOf(namespace, serviceAccount),
      asked.ownLabels.signatureOf(new Map(labels)),
      asked.labels.signatureOf(labelIndex.ofEndpoint(endpoint)),
      addresses.map((address) => asked.addresses.signatureOf(address)),
      named.sort(),
      addresses.some(isShared) ? alone++ : '',
      options.apart?.(endpoint) ?? '',
    ]);
  };
}

/** All that the policies in force ask of a workload. */
function interestsOf(model: PolicyModel, { trustDomains, selectors = [] }: ClassOptions) {
  const [ownLabels, labels, accountLabels] = [createLabelInterest(), createLabelInterest(), createLabelInterest()];
  const names = createNameInterest(trustDomains);
  const addresses = createAddressInterest();
  const ports = new Set<string>();
  const addSubject = ({ labels: pairs, selector }: Subject): void => {
    ownLabels.addPairs(pairs);
    if (selector !== undefined) labels.add(selector);
  };
  const addExpr = (expr: Expr): void => {
    if (expr.op === 'all' || expr.op === 'any') expr.of.forEach(addExpr);
    else if (expr.op === 'not') addExpr(expr.of);
    else if (expr.op === 'text' && expr.fact.of === 'peerName') expr.any.forEach(names.addPattern);
    else if (expr.op === 'address') for (const { text } of expr.any) addresses.add(text);
    else if (expr.op === 'endpoint') labels.add(expr.selector);
    else if (expr.op === 'namedPort') ports.add(expr.name);
    else if (expr.op === 'identity') {
      expr.names?.forEach(names.addAccountName);
      if (expr.serviceAccount !== undefined) accountLabels.add(expr.serviceAccount);
    }
  };
  for (const selector of selectors) labels.add(selector);
  for (const { stages } of model.planes)
    for (const stage of stages)
      for (const policy of stage.policies) {
        addSubject(policy.subject);
        if (stage.kind === 'transport' || stage.kind === 'token') continue;
        for (const { http, tcp } of (policy as (typeof stage.policies)[number]).rules) {
          addExpr(http);
          if (tcp !== undefined) addExpr(tcp);
        }
      }
  for (const { nets } of model.registry?.networkSets ?? []) nets.forEach(addresses.add);
  model.hops?.forEach(addresses.add);
  return { ownLabels, labels, accountLabels, names, addresses, ports };
}

/** Tells whether an address is another workload's too: which of them it means hangs on their order. */
function sharedAddresses(endpoints: readonly Endpoint[]): (address: string) => boolean {
  const trie = new CidrTrie<{ holders: number }>();
  const ranges = new Map<string, IpRange>();
  const rangeOf = (text: string): IpRange | undefined => {
    const range = ranges.get(text) ?? parseCidr(text);
    if (range !== undefined) ranges.set(text, range);
    return range && unmappedRange(range);
  };
  for (const { addresses, hostNetwork } of endpoints)
    for (const address of hostNetwork ? [] : addresses) {
      const range = rangeOf(address);
      if (range !== undefined) trie.at(range, () => ({ holders: 0 })).holders++;
    }
  return (address) => {
    const range = rangeOf(address);
    const found = { holders: 0 };
    if (range !== undefined)
      trie.walk(range.bytes, found, ({ holders }, into) => {
        into.holders += holders;
      });
    return found.holders > 1;
  };
}
