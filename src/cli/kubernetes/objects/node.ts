/**
 * What runs on each node: the Workload API on a socket of the node, and deciders.
 *
 * Of the profile `restricted` it breaks three rules, and none besides: `hostPath`, since the socket must be where pods of the node find
 * it; `hostPID`, since the kernel names a caller only by a process id that the asker can see; and a first container that is root with
 * CHOWN alone, since the kubelet makes directories of a node for root.
 * @module
 */
import { noted, type Tree, value, when } from '../chart/tree.ts';
import { onNodes } from './choices.ts';
import { paths } from './config.ts';
import { labelsOf, metadata, ports } from './names.ts';
import { image, podOf, restricted, USER } from './pods.ts';

const mounts: readonly Tree[] = [
  { name: 'data', mountPath: paths.data },
  { name: 'run', mountPath: paths.run },
];

const CHOWN = `for (const directory of process.argv.slice(1)) require('node:fs').chownSync(directory, ${USER}, ${USER})`;

/** The kubelet makes directories of a node for root; nothing else of this pod runs as root. */
const directories: Tree = {
  name: 'directories',
  image,
  imagePullPolicy: value('image.pullPolicy'),
  command: ['/usr/bin/node', '-e', CHOWN, paths.data, paths.run],
  securityContext: {
    ...restricted,
    runAsNonRoot: false,
    runAsUser: 0,
    runAsGroup: 0,
    capabilities: { drop: ['ALL'], add: ['CHOWN'] },
  },
  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
  volumeMounts: mounts,
};

const onHost = (name: string, path: string): Tree => ({
  name,
  hostPath: { path: value(path), type: 'DirectoryOrCreate' },
});

const daemonSet: Tree = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: metadata('node'),
  spec: {
    selector: { matchLabels: labelsOf('node') },
    updateStrategy: noted('One socket of a node has one server: the old one ends before the new one begins.', {
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
    }),
    template: podOf('node', {
      volumes: [onHost('run', 'node.socketDirectory'), onHost('data', 'node.dataDirectory')],
      mounts,
      ports: [{ name: 'ext-authz', containerPort: ports.extAuthz }],
      more: {
        hostPID: noted('Who asks at the socket is known by his process id, which only this shows.', true),
        initContainers: noted(
          'The kubelet makes directories of a node for root: they are given away, and nothing else runs as root.',
          [directories],
        ),
      },
    }),
  },
};

export const node: readonly Tree[] = [when(onNodes, daemonSet)];
