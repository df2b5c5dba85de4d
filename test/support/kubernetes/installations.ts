/**
 * Installations that differ in what objects they have.
 * @module
 */

export interface InstallationCase {
  readonly name: string;
  /** YAML. */
  readonly values: string;
  readonly sets: readonly string[];
}

const postgres = `
authority:
  store: postgres
  postgres: { url: 'postgres://gatehouse@db.data.svc/gatehouse?sslmode=verify-full', port: 6432, password: { name: db } }
  keyEncryptionKey: { name: gatehouse-kek }
`;

/** Each with another face. */
export const installations: readonly InstallationCase[] = [
  { name: 'what holds where nothing is said', values: '', sets: [] },
  { name: 'PostgreSQL', values: postgres, sets: ['authority.replicas=3'] },
  { name: 'PostgreSQL, and nothing on nodes', values: postgres, sets: ['node.enabled=false'] },
  { name: 'nobody asks at the door', values: postgres, sets: ['admission.check=off'] },
  { name: 'nothing is written to the cluster', values: '', sets: ['admission.check=off,status.enabled=false'] },
  { name: 'PostgreSQL, and certificates that kubelets mount', values: postgres, sets: ['signer.enabled=true'] },
  {
    name: 'much of it chosen',
    values: `
name: gate
trustDomain: example.org
listenAddress: '[::]'
image: { repository: registry.example.org/gatehouse, digest: 'sha256:${'a'.repeat(64)}', pullSecrets: [{ name: pull }] }
istioCa: { enabled: false }
admission: { check: enforce }
signer: { enabled: true, name: example.org/pods, ttl: 12h }
status: { enabled: false }
networkPolicies: { enabled: false }
authority:
  volume: { size: 5Gi, storageClassName: fast }
  keyEncryptionKey: { name: kek, key: main }
  nodeSelector: { kubernetes.io/arch: amd64 }
  tolerations: [{ key: dedicated, operator: Equal, value: identity, effect: NoSchedule }]
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } }
  priorityClassName: ''
config:
  log: { level: warn }
  tls: null
  authority: { renewalsPerSecond: 100000, x509SvidTtl: 30m }
  jwks: { allowNetworks: [127.0.0.0/8] }
  extAuthz: { clients: [spiffe://example.org/ns/ingress/sa/gateway] }
`,
    sets: ['image.tag=ignored', 'authority.resources.limits.memory=2Gi', 'authority.resources.requests.cpu=null'],
  },
  { name: 'a tag that looks like a number', values: '', sets: ['image.tag="1.10"'] },
];
