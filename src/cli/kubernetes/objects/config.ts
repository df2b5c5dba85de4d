/**
 * gatehouse.yaml of each part.
 * @module
 */
import { digest, document, release, type Tree, type TreeMap, text, value, when } from '../chart/tree.ts';
import { onNodes, onPostgres } from './choices.ts';
import { metadata, nameOf, type Part, ports } from './names.ts';

/** Where a container finds what it needs. */
export const paths = {
  config: '/etc/gatehouse',
  /** A folder in the volume, since a volume's own belongs to root. */
  data: '/var/lib/gatehouse',
  run: '/run/gatehouse',
  keyEncryptionKey: '/run/secrets/gatehouse/kek',
} as const;

const everywhere = (port: number): string => `0.0.0.0:${port}`;

/** Names under which clients in the cluster look for a service of ours. */
const dnsNames = (service: string): Tree =>
  ['.svc', '.svc.cluster.local'].map((end) => text(value('name'), `-${service}.`, release('namespace'), end));

const store: TreeMap = {
  dataDir: `${paths.data}/data`,
  store: when(onPostgres, value('authority.postgres.url'), `sqlite:${paths.data}/data/gatehouse.db`),
  authority: when(value('authority.keyEncryptionKey.name'), { keyEncryptionKeyFile: `${paths.keyEncryptionKey}/kek` }),
};

/** What is the same for all. */
const shared: TreeMap = { trustDomain: value('trustDomain'), ...store, policies: { paths: [] } };

const listen: TreeMap = {
  workloadApi: `unix:${paths.run}/workload.sock`,
  extAuthz: everywhere(ports.extAuthz),
  admin: `unix:${paths.run}/admin.sock`,
  health: everywhere(ports.health),
};

/** By part. */
export const documents = {
  authority: document(
    'authority',
    {
      ...shared,
      roles: when(onNodes, ['authority'], ['authority', 'decider']),
      listen: {
        ...listen,
        feed: everywhere(ports.feed),
        istioCa: when(value('istioCa.enabled'), everywhere(ports.istioCa)),
      },
      tls: { dnsNames: dnsNames('authority') },
    },
    'config',
  ),
  node: document(
    'node',
    { ...shared, roles: ['authority', 'decider'], listen, tls: { dnsNames: dnsNames('ext-authz') } },
    'config',
  ),
} as const;

/** The ConfigMap of a part. */
export const configMapOf = (part: Part): Tree => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metadata(part),
  data: { 'gatehouse.yaml': documents[part] },
});

/** A pod is made anew when its configuration changes: not all of it can change while it runs. */
export const configChecksum = (part: Part): TreeMap => ({ 'gatehouse.io/config': digest(documents[part]) });

/** The name of its ConfigMap. */
export const configMapName = (part: Part): Tree => nameOf(part);
