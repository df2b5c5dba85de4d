/**
 * gatehouse.yaml of each part.
 * @module
 */
import { digest, document, release, type Tree, type TreeMap, text, value, when } from '../chart/tree.ts';
import { authorityDecides, onAdmission, onLeader, onPostgres, onSigner } from './choices.ts';
import { metadata, nameOf, type Part, ports } from './names.ts';

/** What a token must be for that is shown to Gatehouse: no pod's default token is. */
const AUDIENCE = 'gatehouse';

/** Where a container finds what it needs. */
export const paths = {
  config: '/etc/gatehouse',
  /** A folder in the volume, since a volume's own belongs to root. */
  data: '/var/lib/gatehouse',
  run: '/run/gatehouse',
  keyEncryptionKey: '/run/secrets/gatehouse/kek',
} as const;

const everywhere = (port: number): Tree => text(value('listenAddress'), `:${port}`);

/** Names under which clients in the cluster look for a service of ours. */
const dnsNames = (service: string): Tree =>
  ['.svc', '.svc.cluster.local'].map((end) => text(value('name'), `-${service}.`, release('namespace'), end));

const store: TreeMap = {
  dataDir: `${paths.data}/data`,
  store: when(onPostgres, value('authority.postgres.url'), `sqlite:${paths.data}/data/gatehouse.db`),
  authority: when(value('authority.keyEncryptionKey.name'), { keyEncryptionKeyFile: `${paths.keyEncryptionKey}/kek` }),
};

/** Pods are known by the cluster; identities without an entry are given where a namespace has the label. */
const attestation: TreeMap = {
  kubernetes: {
    audience: when(value('istioCa.enabled'), [AUDIENCE, 'istio-ca'], AUDIENCE),
    implicit: {
      namespaces: value('identity.namespaces'),
      namespaceSelector: when(value('identity.namespaceLabels'), { matchLabels: value('identity.namespaceLabels') }),
    },
    nodeProxies: value('istioCa.nodeProxies'),
    clusterId: value('istioCa.clusterId'),
  },
};

/** What is the same for all; policies are those of the cluster. */
const shared: TreeMap = { trustDomain: value('trustDomain'), ...store, policies: { paths: [] }, attestation };

/** What of the cluster is read by those who decide, and by nobody else. */
const read: TreeMap = { kubeconfig: '', policies: true, registry: true };
const notRead: TreeMap = { kubeconfig: '', policies: false, registry: false };

/** What the authority writes there. */
const written: TreeMap = {
  signer: when(onSigner, { name: value('signer.name'), ttl: value('signer.ttl') }),
  leader: when(onLeader, { lease: value('name') }),
};

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
      roles: when(authorityDecides, ['authority', 'decider'], ['authority']),
      kubernetes: when(
        authorityDecides,
        { ...read, status: value('status.enabled'), ...written },
        { ...notRead, ...written },
      ),
      listen: {
        ...listen,
        feed: everywhere(ports.feed),
        istioCa: when(value('istioCa.enabled'), everywhere(ports.istioCa)),
        admission: when(onAdmission, everywhere(ports.admission)),
      },
      admission: when(onAdmission, {
        check: value('admission.check'),
        prove: value('admission.prove'),
        service: text(value('name'), '-authority.', release('namespace')),
        configuration: value('name'),
      }),
      tls: { dnsNames: dnsNames('authority') },
    },
    'config',
  ),
  node: document(
    'node',
    {
      ...shared,
      roles: ['authority', 'decider'],
      kubernetes: read,
      listen,
      tls: { dnsNames: dnsNames('ext-authz') },
    },
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
