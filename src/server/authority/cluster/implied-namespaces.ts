/**
 * The namespaces whose service accounts need no entry: those that the configuration names, and those that have its labels now.
 * @module
 */
import { createWatchable, type Watchable } from '../../../lib/watchable.ts';
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { watchObjects } from '../../../platform/kubernetes/watch-objects.ts';

export interface ImpliedNamespacesDeps {
  readonly namespaces: readonly string[];
  /** As the API server takes it; `''`: every namespace. Undefined: none by labels. */
  readonly labelSelector: string | undefined;
  /** Ours, which labels never imply; undefined: we have none. */
  readonly own: string | undefined;
  readonly client: KubernetesClient;
  readonly signal: AbortSignal;
  readonly said: (watch: 'namespaces', why: string) => void;
}

/** Never by labels: what the cluster itself stands on. */
const NEVER_BY_LABELS = 'kube-system';

/** Begins to watch for labels, where there are any; what is named holds at once. */
export function impliedNamespaces(deps: ImpliedNamespacesDeps): Watchable<ReadonlySet<string>> {
  const { namespaces, labelSelector, own, client, signal, said } = deps;
  const implied = createWatchable<ReadonlySet<string>>(new Set(namespaces));
  if (labelSelector === undefined) return implied;
  let labelled = new Set<string>();
  const tell = (): void => {
    const byLabels = [...labelled].filter((name) => name !== NEVER_BY_LABELS && name !== own);
    implied.replace(new Set([...namespaces, ...byLabels]));
  };
  watchObjects<string>(
    client,
    { group: '', version: 'v1', plural: 'namespaces', labelSelector, metadataOnly: true },
    {
      keep: ({ metadata: { name } }) => name,
      replaced(names) {
        labelled = new Set(names);
        tell();
      },
      changed({ type, object: name }) {
        if (type === 'DELETED' ? !labelled.delete(name) : labelled.has(name)) return;
        if (type !== 'DELETED') labelled.add(name);
        tell();
      },
      state: ({ why }) => said('namespaces', why),
    },
    signal,
  );
  return implied;
}
