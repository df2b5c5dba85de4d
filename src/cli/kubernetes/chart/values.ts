/**
 * The values of an installation: what may be chosen, and what holds where nothing is. values.yaml and values.schema.json of the chart
 * are made of it.
 * @module
 */
import * as z from 'zod';

const text = z.string();
const quantities = z.record(text, z.union([text, z.number()])).optional();
const resources = z.strictObject({
  requests: quantities.describe('What is kept free for it.'),
  limits: quantities.describe('What it gets at most. No limit of CPU: throttled Checks are late ones.'),
});
const placing = {
  nodeSelector: z.record(text, text).prefault({}).describe('Labels of the nodes where it runs.'),
  affinity: z.record(text, z.unknown()).prefault({}).describe('Where it rather runs, as in a pod.'),
};
const toleration = z.record(text, z.unknown());
const secretKey = (name: string, key: string, what: string) =>
  z.strictObject({
    name: text.prefault(name).describe(what),
    key: text.prefault(key).describe('The key in it.'),
  });

const image = z.strictObject({
  repository: text.min(1).prefault('gatehouse').describe('Where the image lies, without a tag.'),
  tag: text.prefault('').describe('Its tag; empty: the version of this chart.'),
  digest: text
    .regex(/^(sha256:[0-9a-f]{64})?$/, 'must be sha256: and 64 hexadecimal digits')
    .prefault('')
    .describe('Its digest, sha256:…, which says more than any tag.'),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).prefault('IfNotPresent').describe('When it is fetched.'),
  pullSecrets: z
    .array(z.strictObject({ name: text }))
    .prefault([])
    .describe('Secrets with which it is fetched.'),
});

const authority = z.strictObject({
  store: z
    .enum(['volume', 'postgres'])
    .prefault('volume')
    .describe('Where the authority keeps its state: volume (one replica) or postgres (several, and one on each node).'),
  replicas: z.int().min(1).max(50).prefault(2).describe('How many, with postgres; a volume has one.'),
  volume: z
    .strictObject({
      size: text.min(1).prefault('1Gi').describe('How large it is.'),
      storageClassName: text.prefault('').describe('Of which class; empty: the default of the cluster.'),
    })
    .prefault({})
    .describe('The volume, which an upgrade and an uninstallation leave alone: the keys are on it.'),
  postgres: z
    .strictObject({
      url: text
        .regex(/^(postgres(ql)?:\/\/.+)?$/, 'must be postgres://USER@HOST/DATABASE')
        .prefault('')
        .describe('postgres://USER@HOST/DATABASE, without the password.'),
      port: z.int().min(1).max(65535).prefault(5432).describe('Its port, for the network policy.'),
      password: secretKey('gatehouse-postgres', 'password', 'The Secret with its password, made by you.').prefault({}),
    })
    .prefault({})
    .describe('The database.'),
  keyEncryptionKey: secretKey(
    '',
    'kek',
    'The Secret with the key that encrypts the keys of the authority, made by you: 32 bytes as base64. Needed with postgres.',
  ).prefault({}),
  resources: resources.prefault({ requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '1Gi' } }),
  tolerations: z.array(toleration).prefault([]).describe('Taints that it bears.'),
  ...placing,
  priorityClassName: text.prefault('system-cluster-critical').describe('How it stands among pods that need room.'),
});

const node = z.strictObject({
  enabled: z.boolean().prefault(true).describe('Whether one runs on each node; with postgres alone.'),
  socketDirectory: text
    .startsWith('/')
    .prefault('/run/gatehouse')
    .describe('The directory on the node where workloads find the socket of the Workload API.'),
  dataDirectory: text
    .startsWith('/')
    .prefault('/var/lib/gatehouse')
    .describe('The directory on the node that keeps what holds over a restart.'),
  resources: resources.prefault({ requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '1Gi' } }),
  tolerations: z
    .array(toleration)
    .prefault([{ operator: 'Exists' }])
    .describe('Taints that it bears: all.'),
  ...placing,
  priorityClassName: text.prefault('system-node-critical').describe('How it stands among pods that need room.'),
});

const switchOf = (on: boolean, what: string) => z.boolean().prefault(on).describe(what);

/** All of them; a key that is unknown is an error, so that none is misspelt. */
export const valuesSchema = z.strictObject({
  name: text
    .regex(/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/, 'must be a short name of small letters, digits and hyphens')
    .prefault('gatehouse')
    .describe('What the names of all objects begin with.'),
  trustDomain: text.min(1).prefault('cluster.local').describe('The SPIFFE trust domain; it cannot be changed later.'),
  listenAddress: z
    .enum(['0.0.0.0', '[::]'])
    .prefault('0.0.0.0')
    .describe('Where the pods listen: [::] where they have addresses of IPv6.'),
  image: image.prefault({}).describe('The image.'),
  authority: authority.prefault({}).describe('What signs.'),
  node: node.prefault({}).describe('What runs on each node: the Workload API, and deciders.'),
  identity: z
    .strictObject({
      namespaceLabels: z
        .record(text, text)
        .prefault({ 'gatehouse.io/identity': 'enabled' })
        .describe(
          'Service accounts of namespaces with all of these labels are /ns/NAMESPACE/sa/NAME without an entry; none: of no namespace.',
        ),
      namespaces: z.array(text).prefault([]).describe('And those of namespaces with these names.'),
    })
    .prefault({})
    .describe('Who gets an identity without an entry.'),
  istioCa: z
    .strictObject({
      enabled: switchOf(true, "Whether Istio's agents get certificates here."),
      nodeProxies: z
        .array(text)
        .prefault([])
        .describe(
          'NAMESPACE/SERVICEACCOUNT that speak for the pods of their node: istio-system/ztunnel of an ambient mesh.',
        ),
      clusterId: text.prefault('').describe('What agents must say of their cluster; empty: whatever.'),
    })
    .prefault({})
    .describe("Istio's CA API."),
  signer: z
    .strictObject({
      enabled: switchOf(
        false,
        'Whether certificates are signed that kubelets mount; the cluster must serve PodCertificateRequest (1.37).',
      ),
      name: text.min(1).prefault('gatehouse.io/workload').describe('What volumes of pods name as signerName.'),
      ttl: text.min(1).prefault('24h').describe('The most that such a certificate lives.'),
    })
    .prefault({})
    .describe('Certificates of pods, mounted by the kubelet.'),
  status: z
    .strictObject({ enabled: switchOf(true, 'Whether it is said as events and conditions.') })
    .prefault({})
    .describe('What is found in policies, told on the policies.'),
  admission: z
    .strictObject({
      check: z
        .enum(['off', 'warn', 'enforce'])
        .prefault('warn')
        .describe(
          'What becomes of a policy that gatehouse policy check refuses: off, warn its author, or enforce: it is not stored.',
        ),
      prove: z
        .enum(['off', 'warn', 'enforce'])
        .prefault('off')
        .describe('What becomes of a change that opens one of config.tenants: off, warn its author, or enforce.'),
    })
    .prefault({})
    .describe('Whether the cluster asks before it stores a policy.'),
  networkPolicies: z
    .strictObject({
      enabled: switchOf(true, 'Whether the pods are shut for all but their ports.'),
      egressPorts: z
        .array(z.strictObject({ protocol: z.enum(['TCP', 'UDP', 'SCTP']), port: z.int().min(1).max(65535) }))
        .min(1)
        .prefault([
          { protocol: 'TCP', port: 443 },
          { protocol: 'TCP', port: 6443 },
        ])
        .describe('Ports of the API server, behind its Service too, and of those who publish key sets.'),
    })
    .prefault({})
    .describe('Network policies for Gatehouse itself.'),
  config: z
    .record(text, z.unknown())
    .prefault({})
    .describe('Keys of gatehouse.yaml, laid over those that are made here; null takes one away.'),
  global: z.record(text, z.unknown()).prefault({}).describe('What Helm gives to all charts of a release; not read.'),
});

/** Complete values. */
export type Values = z.output<typeof valuesSchema>;

/** The JSON Schema by which Helm checks the values. */
export function valuesJsonSchema(): string {
  const schema = z.toJSONSchema(valuesSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ title: 'values.yaml', ...schema }, null, 2)}\n`;
}
