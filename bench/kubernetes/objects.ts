/**
 * Objects of a large cluster as an API server sends them: with all that the kubelet and kubectl write into them.
 * @module
 */
const NAMESPACES = 40;
const APPS = 250;
const namespaceOf = (i: number): string => `team-${i % NAMESPACES}`;

/** The pod whose label decides, and whom it asks for. */
export const probe = { source: '10.250.0.1', destination: '10.250.0.2' };

const managed = (manager: string, fields: readonly string[]) => ({
  ...{ manager, operation: 'Update', apiVersion: 'v1', time: '2026-11-29T10:21:08Z', fieldsType: 'FieldsV1' },
  fieldsV1: Object.fromEntries(
    fields.map((field) => [`f:${field}`, { '.': {}, [`k:{"type":"${field}"}`]: { 'f:status': {} } }]),
  ),
});

/** A pod of some 5 KB. @param at  its number; @param ip  where it is @param label  makes it another one */
export function pod(
  at: number,
  version: number,
  { ip = addressOf(at), label = '', name = `pod-${at}`, namespace = namespaceOf(at) } = {},
) {
  const app = `app-${at % APPS}`;
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...{
        name,
        namespace,
        uid: `5f0c0000-0000-4000-8000-${String(at).padStart(12, '0')}`,
        resourceVersion: String(version),
      },
      creationTimestamp: '2026-11-29T10:21:08Z',
      labels: { app, 'pod-template-hash': `h${at}`, team: namespace, ...(label !== '' && { state: label }) },
      annotations: { 'kubernetes.io/config.seen': '2026-11-29T10:21:08Z', 'prometheus.io/scrape': 'true' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: app, uid: `x${at}`, controller: true }],
      managedFields: ['kube-controller-manager', 'kubelet', 'istio'].map((manager) =>
        managed(manager, [
          'Initialized',
          'Ready',
          'ContainersReady',
          'PodScheduled',
          'hostIP',
          'phase',
          'podIP',
          'startTime',
        ]),
      ),
    },
    spec: {
      ...{ serviceAccountName: `sa-${at % APPS}`, nodeName: `node-${at % 200}`, restartPolicy: 'Always' },
      containers: ['main', 'istio-proxy'].map((container) => ({
        ...{ name: container, image: `registry.example/${container}:1.2.3`, imagePullPolicy: 'IfNotPresent' },
        ports: [{ name: container === 'main' ? 'http' : 'http-envoy', containerPort: 8080, protocol: 'TCP' }],
        env: Array.from({ length: 10 }, (_, i) => ({ name: `SETTING_${i}`, value: `value of ${i} for ${name}` })),
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        volumeMounts: [{ name: 'token', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
      })),
    },
    status: {
      ...{ phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '192.168.0.1', startTime: '2026-11-29T10:21:08Z' },
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        ...{ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-11-29T10:21:08Z' },
      })),
      containerStatuses: ['main', 'istio-proxy'].map((container) => ({
        ...{ name: container, ready: true, restartCount: 0, started: true, imageID: `sha256:${'0'.repeat(64)}` },
        state: { running: { startedAt: '2026-11-29T10:21:08Z' } },
      })),
    },
  };
}

const addressOf = (at: number): string => `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;

const metadata = (name: string, namespace: string, version: number) => ({
  ...{ name, namespace, resourceVersion: String(version), generation: 1, creationTimestamp: '2026-11-29T10:21:08Z' },
  managedFields: [managed('kubectl-client-side-apply', ['spec', 'rules', 'selector', 'action'])],
});

/** An AuthorizationPolicy of one app that lets another one's account ask it for a path. */
export const authorizationPolicy = (i: number, version: number) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: metadata(`allow-${i}`, namespaceOf(i), version),
  spec: {
    selector: { matchLabels: { app: `app-${i % APPS}` } },
    rules: [
      {
        from: [{ source: { principals: [`cluster.local/ns/${namespaceOf(i + 1)}/sa/sa-${(i + 1) % APPS}`] } }],
        to: [{ operation: { methods: ['GET'], paths: [`/api/${i}/*`] } }],
      },
    ],
  },
});

/** A NetworkPolicy of one app that lets another in; the last one lets in the probe by its label. */
export const networkPolicy = (i: number, version: number, isProbe: boolean) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadata(`network-${i}`, isProbe ? 'probe' : namespaceOf(i), version),
  spec: {
    podSelector: isProbe ? {} : { matchLabels: { app: `app-${i % APPS}` } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [{ podSelector: { matchLabels: isProbe ? { state: 'on' } : { app: `app-${(i + 1) % APPS}` } } }],
        ports: [{ protocol: 'TCP', port: 8080 }],
      },
    ],
  },
});
