/**
 * The cluster that this server belongs to: one client for all that asks its API server, made when the first of them does.
 * @module
 */
import type { Config } from '../config/config.ts';
import type { KubernetesClient } from '../platform/kubernetes/client.ts';

/** The way to the API server. */
export interface Cluster extends AsyncDisposable {
  /** The one client. @throws GatehouseError `config_invalid` when the kubeconfig says nothing, or this is no pod */
  client(): Promise<KubernetesClient>;
}

/** Creates it; nothing is opened yet. */
export function createCluster({ kubernetes }: Pick<Config, 'kubernetes'>): Cluster {
  let made: Promise<KubernetesClient> | undefined;
  return {
    client: () => (made ??= open(kubernetes.kubeconfig)),
    async [Symbol.asyncDispose]() {
      await (await made?.catch(() => undefined))?.close();
    },
  };
}

/** What speaks HTTP is loaded by a server that has a cluster. */
async function open(kubeconfig: string): Promise<KubernetesClient> {
  const { kubernetesClient } = await import('../platform/kubernetes/client.ts');
  return kubernetesClient(kubeconfig);
}
