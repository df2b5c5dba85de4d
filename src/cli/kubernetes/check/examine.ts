/**
 * All that `gatehouse kubernetes check` looks at.
 * @module
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type KubernetesClient, kubernetesClient } from '../../../platform/kubernetes/client.ts';
import { type Section, section } from '../../check/outcome.ts';
import { installation } from '../chart/installation.ts';
import { holds, type Installation } from '../chart/resolve.ts';
import { onAdmission, onLeader, onNodes, onSigner } from '../objects/choices.ts';
import type { Part } from '../objects/names.ts';
import { askCluster, checkClusterItself } from './cluster.ts';
import { checkKinds } from './kinds.ts';
import { checkObjects, type InstalledObject } from './objects.ts';
import { checkAccount, checkInstalling } from './permissions.ts';
import { checkSecrets } from './secrets.ts';
import { checkWebhook } from './webhook.ts';
import { checkBundle, checkLease, checkPodCertificates } from './written.ts';

/** What a check is asked to look at. */
export interface ClusterOrder {
  readonly kubeconfig: string | undefined;
  /** Nothing is installed yet. */
  readonly isBefore: boolean;
  readonly values: readonly string[];
  readonly sets: readonly string[];
  readonly namespace: string;
}

/** The JSON of `gatehouse kubernetes check`. */
export interface ClusterReport {
  /** No errors; warnings there may be. */
  readonly ok: boolean;
  readonly version: string;
  /** Who asked. */
  readonly who: string;
  readonly namespace: string;
  readonly errors: number;
  readonly warnings: number;
  readonly sections: readonly Section[];
}

/** Looks at everything. @throws GatehouseError `config_invalid`, `unreachable`, `caller_unauthenticated` */
export async function checkCluster({
  kubeconfig,
  isBefore,
  values,
  sets,
  namespace,
}: ClusterOrder): Promise<ClusterReport> {
  const { to, list } = installation(values, sets, namespace);
  const objects = list().items as readonly InstalledObject[]; // what we install
  const parts: readonly Part[] = holds(onNodes, to) ? ['authority', 'node'] : ['authority'];
  const client = await kubernetesClient(kubeconfig ?? usualKubeconfig());
  try {
    const cluster = await askCluster(client);
    const sections = [
      { name: 'cluster', checks: checkClusterItself(cluster) },
      await section('kinds', () => checkKinds(client, objects)),
      ...(isBefore
        ? [await section('permission to install', () => checkInstalling(client, objects))]
        : [
            await section('objects', () => checkObjects(client, objects)),
            ...(await Promise.all(
              parts.map((part) => section(`permissions of ${part}`, () => checkAccount(client, to, part, cluster))),
            )),
          ]),
      ...(await ways(client, to, isBefore)),
      await section('secrets', () => checkSecrets(client, to)),
    ];
    const count = (result: string) =>
      sections.flatMap(({ checks }) => checks).filter((each) => each.result === result).length;
    const errors = count('error');
    const { version, who } = cluster;
    return { ok: errors === 0, version, who, namespace, errors, warnings: count('warning'), sections };
  } finally {
    await client.close();
  }
}

/** What the values ask for besides: each a section, where it is wanted. */
async function ways(client: KubernetesClient, to: Installation, isBefore: boolean): Promise<readonly Section[]> {
  const wanted = [
    { name: 'pod certificates', when: holds(onSigner, to), look: () => checkPodCertificates(client) },
    { name: 'webhook', when: !isBefore && holds(onAdmission, to), look: () => checkWebhook(client, to) },
    { name: 'bundle', when: !isBefore && holds(onSigner, to), look: () => checkBundle(client, to) },
    { name: 'lease', when: !isBefore && holds(onLeader, to), look: () => checkLease(client, to) },
  ];
  return Promise.all(wanted.filter((each) => each.when).map(({ name, look }) => section(name, look)));
}

/** As kubectl finds it; empty: the pod that we are. */
function usualKubeconfig(): string {
  const [named] = (process.env['KUBECONFIG'] ?? '').split(':');
  if (named !== undefined && named !== '') return named;
  const usual = join(homedir(), '.kube/config');
  return existsSync(usual) ? usual : '';
}
