/**
 * What signs: a StatefulSet of one replica on a volume, or a Deployment of several on PostgreSQL.
 * @module
 */
import { noted, type Tree, type TreeMap, value, when } from '../chart/tree.ts';
import { onAdmission, onNodes, onPostgres, onVolume } from './choices.ts';
import { paths } from './config.ts';
import { labelsOf, metadata, nameOf, ports } from './names.ts';
import { podOf } from './pods.ts';

const open: readonly Tree[] = [
  when({ not: onNodes }, { name: 'ext-authz', containerPort: ports.extAuthz }),
  { name: 'feed', containerPort: ports.feed },
  when(value('istioCa.enabled'), { name: 'istio-ca', containerPort: ports.istioCa }),
  when(onAdmission, { name: 'admission', containerPort: ports.admission }),
];

const mounts: readonly Tree[] = [
  { name: 'data', mountPath: paths.data },
  { name: 'run', mountPath: paths.run },
];

const run: Tree = { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } };

const selector: TreeMap = { matchLabels: labelsOf('authority') };

/** On its volume: never two at once, and the volume outlives everything. */
const statefulSet: Tree = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: metadata('authority'),
  spec: {
    replicas: 1,
    serviceName: nameOf('authority'),
    selector,
    persistentVolumeClaimRetentionPolicy: noted('The keys are on it: neither an upgrade nor an end takes it away.', {
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    }),
    template: podOf('authority', {
      volumes: [run],
      mounts,
      ports: open,
    }),
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', labels: labelsOf('authority') },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: when(
            value('authority.volume.storageClassName'),
            value('authority.volume.storageClassName'),
          ),
          resources: { requests: { storage: value('authority.volume.size') } },
        },
      },
    ],
  },
};

const spread: TreeMap = {
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: selector,
    },
  ],
};

/** Replicas on one database, which holds their keys. */
const deployment: Tree = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadata('authority'),
  spec: {
    replicas: value('authority.replicas'),
    selector,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: podOf('authority', {
      volumes: [run, { name: 'data', emptyDir: { sizeLimit: '1Gi' } }],
      mounts,
      ports: open,
      more: spread,
    }),
  },
};

/** One of both. */
export const authority: readonly Tree[] = [when(onVolume, statefulSet), when(onPostgres, deployment)];
