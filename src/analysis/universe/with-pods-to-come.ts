/**
 * A side with the pods, and the namespaces, that may come.
 * @module
 */
import { emptyRegistry, type NamespaceEntry } from '../../policy/registry/registry.ts';
import { namespacesToCome } from './namespaces-to-come.ts';
import { createComingPods, type PodToCome, withPods } from './pods-to-come.ts';
import type { PodsAhead, Side } from './universe.ts';
import { createAddressGiver } from './with-addresses.ts';

/** A side whose registry has them, and how they are told from those of today. */
export interface SideAhead {
  readonly side: Side;
  readonly coming: PodsAhead;
  /** Whether namespaces that do not exist are among them: not where policies look at parts of their names. */
  readonly looksAtNamespaces: boolean;
}

/** Adds two pods of each kind that may come. @throws BoundMet if there are too many */
export function withPodsToCome(side: Side): SideAhead {
  const { model, trustDomain } = side;
  const registry = model.registry ?? emptyRegistry;
  const giver = createAddressGiver(model);
  const coming = createComingPods(model, { trustDomain, giver, accounts: new Set<string>() });
  const names = new Set(
    [...registry.namespaces, ...registry.endpoints.map(({ namespace: name }) => ({ name }))].map(({ name }) => name),
  );
  const own = [...names].flatMap((namespace) => coming.of(registry, namespace));
  const { kinds: later } = namespacesToCome(model, [], coming);
  const added = [...own, ...(later?.pods ?? []).map(({ pod }) => pod)].flatMap((pod): PodToCome[] => {
    const { namespace, name } = pod.endpoint;
    const twin = { ...pod.endpoint, name: `${name}-too`, addresses: [giver.nextFor(namespace)] };
    return [pod, { ...pod, endpoint: twin, account: undefined }];
  });
  const byName = new Map(added.map((pod) => [`${pod.endpoint.namespace}/${pod.endpoint.name}`, pod]));
  const fresh = new Map((later?.namespaces ?? []).map((one) => [one.name, one]));
  return {
    side: { ...side, model: withPods(model, added, later?.namespaces ?? []) },
    looksAtNamespaces: later !== undefined,
    coming: {
      has: (name) => byName.has(name),
      shownOf: (some) =>
        shownOf(
          some.flatMap((name) => byName.get(name) ?? []),
          fresh,
        ),
    },
  };
}

function shownOf(pods: readonly PodToCome[], fresh: ReadonlyMap<string, NamespaceEntry>) {
  const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
  const namespaces = distinct(pods.map(({ endpoint }) => endpoint.namespace));
  const labels = distinct(pods.map(({ shown }) => shown().labels));
  const ports = distinct(
    pods.flatMap(({ endpoint }) => endpoint.ports.map(({ name, port, protocol }) => `${name}=${port}/${protocol}`)),
  );
  const added = namespaces.flatMap((name) => fresh.get(name) ?? []);
  return {
    namespaces,
    ...(added.length > 0 && {
      newNamespaces: Object.fromEntries(added.map(({ name, labels: own }) => [name, Object.fromEntries(own)])),
    }),
    labels: labels.includes('') ? '' : labels.join(' or '),
    serviceAccounts: distinct(pods.flatMap(({ shown }) => shown().serviceAccounts)),
    ...(ports.length > 0 && { ports }),
  };
}
