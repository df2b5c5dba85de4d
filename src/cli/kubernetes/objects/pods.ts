/**
 * What the pods of both parts have in common: who they are, what they may, how they are asked whether they live.
 * @module
 */
import { noted, release, type Tree, type TreeMap, text, value, when } from '../chart/tree.ts';
import { onPostgres } from './choices.ts';
import { configChecksum, configMapName, paths } from './config.ts';
import { commonLabels, labelsOf, nameOf, type Part, ports } from './names.ts';

/** Of nobody in particular, and not root. */
export const USER = 65532;
const API_ACCESS = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface PodParts {
  readonly volumes: readonly Tree[];
  readonly mounts: readonly Tree[];
  readonly ports: readonly Tree[];
  /** More keys of the pod. */
  readonly more?: TreeMap;
}

/** The template of a pod. */
export function podOf(part: Part, { volumes, mounts, ports: open, more = {} }: PodParts): TreeMap {
  const optional = (key: string): Tree => when(value(`${part}.${key}`), value(`${part}.${key}`));
  return {
    metadata: { labels: { ...commonLabels, ...labelsOf(part) }, annotations: configChecksum(part) },
    spec: {
      serviceAccountName: nameOf(part),
      automountServiceAccountToken: noted('The one among the volumes is its only token.', false),
      enableServiceLinks: false,
      priorityClassName: optional('priorityClassName'),
      terminationGracePeriodSeconds: 30,
      ...more,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        fsGroupChangePolicy: noted(
          'Once: done at each start it would open the files of the keys to the group.',
          'OnRootMismatch',
        ),
        seccompProfile: { type: 'RuntimeDefault' },
      },
      imagePullSecrets: when(value('image.pullSecrets'), value('image.pullSecrets')),
      nodeSelector: optional('nodeSelector'),
      affinity: optional('affinity'),
      tolerations: optional('tolerations'),
      containers: [containerOf(part, mounts, open)],
      volumes: [...volumes, ...ownVolumes(part)],
    },
  };
}

/** The image, by digest where one is given. */
export const image: Tree = when(
  value('image.digest'),
  text(value('image.repository'), '@', value('image.digest')),
  when(
    value('image.tag'),
    text(value('image.repository'), ':', value('image.tag')),
    text(value('image.repository'), ':', release('version')),
  ),
);

/** What the profile `restricted` of Pod Security asks of a container. */
export const restricted: TreeMap = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

function containerOf(part: Part, mounts: readonly Tree[], open: readonly Tree[]): Tree {
  return {
    name: 'gatehouse',
    image,
    imagePullPolicy: value('image.pullPolicy'),
    args: ['serve', '--config', `${paths.config}/gatehouse.yaml`, '--ready-timeout', '10m'],
    env: [
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      ...(part === 'node' ? [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }] : []),
      when(onPostgres, {
        name: 'PGPASSWORD',
        valueFrom: {
          secretKeyRef: {
            name: value('authority.postgres.password.name'),
            key: value('authority.postgres.password.key'),
          },
        },
      }),
    ],
    ports: [...open, { name: 'health', containerPort: ports.health }],
    startupProbe: noted('A first start makes keys, and may wait for a database.', {
      tcpSocket: { port: 'health' },
      periodSeconds: 2,
      failureThreshold: 300,
    }),
    readinessProbe: {
      httpGet: { path: '/readyz', port: 'health', scheme: 'HTTPS' },
      periodSeconds: 5,
      timeoutSeconds: 3,
    },
    livenessProbe: noted(
      'Whether the port answers, and no more: who decides without a valid certificate of its own does its work, and must not be ended for it.',
      { tcpSocket: { port: 'health' }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    ),
    resources: value(`${part}.resources`),
    securityContext: restricted,
    volumeMounts: [
      { name: 'config', mountPath: paths.config, readOnly: true },
      { name: 'api-access', mountPath: API_ACCESS, readOnly: true },
      when(value('authority.keyEncryptionKey.name'), {
        name: 'key-encryption-key',
        mountPath: paths.keyEncryptionKey,
        readOnly: true,
      }),
      ...mounts,
    ],
  };
}

function ownVolumes(part: Part): readonly Tree[] {
  return [
    { name: 'config', configMap: { name: configMapName(part) } },
    {
      name: 'api-access',
      projected: {
        sources: [
          {
            serviceAccountToken: noted('For the API server, renewed by the kubelet.', {
              expirationSeconds: 3607,
              path: 'token',
            }),
          },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
    when(value('authority.keyEncryptionKey.name'), {
      name: 'key-encryption-key',
      secret: {
        secretName: value('authority.keyEncryptionKey.name'),
        defaultMode: 0o440,
        items: [{ key: value('authority.keyEncryptionKey.key'), path: 'kek' }],
      },
    }),
  ];
}
