/**
 * `gatehouse.yaml` as it is written: every key, its default, and what it may hold. The contract's configuration table in code.
 * Descriptions go to the JSON Schema that editors use.
 * @module
 */
import * as z from 'zod';
import * as field from './fields.ts';

const listen = z.strictObject({
  workloadApi: field.unixListener
    .prefault('unix:./run/workload.sock')
    .describe(
      'SPIFFE Workload API and Envoy SDS on one socket; mode 0666 unless told, because its callers are attested.',
    ),
  extAuthz: field.anyListener
    .prefault('127.0.0.1:9191')
    .describe("Envoy's Checks; mTLS unless loopback or a unix socket."),
  admin: field.anyListeners
    .prefault('unix:./run/admin.sock')
    .describe(
      'HTTP and JSON for operators; unix sockets (mode 0600 unless told), or TCP, always with mTLS; one or a list.',
    ),
  health: field.anyListener
    .prefault('127.0.0.1:9909')
    .describe('GET /healthz /readyz /metrics; TLS unless loopback or a unix socket.'),
  feed: field.anyListener
    .optional()
    .describe(
      'Where deciders elsewhere follow this authority; a unix socket, or TCP, always with TLS. Absent: nowhere.',
    ),
  istioCa: field.tcpListener
    .optional()
    .describe("Istio's CA API, for callers that hold an SVID; TCP, always with TLS. Absent: nowhere."),
});

const authority = z.strictObject({
  keyType: z
    .enum(['ec-p256', 'ec-p384', 'rsa-2048'])
    .prefault('ec-p256')
    .describe('The kind of the keys of authorities and SVIDs.'),
  keyEncryptionKeyFile: z
    .string()
    .prefault('')
    .describe('32 bytes, base64; encrypts the keys at rest. Required with postgres.'),
  x509AuthorityTtl: field.duration.prefault('8760h').describe('The life of an X.509 authority, such as 8760h.'),
  x509SvidTtl: field.duration
    .prefault('1h')
    .describe('The life of an X.509-SVID, unless its entry says another; at most half of x509AuthorityTtl.'),
  jwtSvidTtl: field.duration
    .prefault('5m')
    .describe('The life of a JWT-SVID, unless its entry says another; at most half of jwtAuthorityTtl.'),
  backdate: field.durationOrNone
    .prefault('10s')
    .describe('How long before its signing an X.509-SVID begins, for clocks that are late; from 0s to 5m.'),
  gateGrade: z
    .enum(['sent', 'acknowledged', 'renewed'])
    .prefault('acknowledged')
    .describe('How sure a rotation must be that a consumer holds the new bundle.'),
  jwtKeyType: z
    .enum(['ES256', 'ES384', 'RS256', 'RS384', 'RS512'])
    .prefault('ES256')
    .describe('The algorithm that signs JWT-SVIDs; holds for the next JWT authority.'),
  jwtAuthorityTtl: field.duration.prefault('8760h').describe('The life of a JWT authority, such as 8760h.'),
  keyStore: z
    .enum(['disk', 'memory'])
    .prefault('disk')
    .describe('memory: keys go with the process, and the next start makes new authorities at once.'),
  upstream: z
    .union(
      [
        z.strictObject({
          cert: field.path.describe('The CA certificate, then what stands between it and its root, PEM.'),
          key: field.path.describe('Its private key, PEM, not encrypted.'),
          ca: field.path.optional().describe('The roots above it, PEM. Absent: it is one itself.'),
        }),
        z.strictObject({
          directory: field.path.describe('Holds tls.crt, tls.key and ca.crt, as cert-manager fills it.'),
        }),
      ],
      { error: 'must be { cert, key, ca } or { directory } with tls.crt, tls.key and ca.crt' },
    )
    .optional()
    .describe('A CA that certifies our authorities as its intermediates; its root goes into the bundle.'),
  ledgerRetention: field.duration
    .prefault('7d')
    .describe('How long an issuance stays in the ledger after it has expired.'),
  refreshHint: field.duration.prefault('5m').describe('How often fetchers of the bundle should look again.'),
  renewalsPerSecond: z
    .int()
    .min(1)
    .max(100_000)
    .prefault(500)
    .describe(
      'Renewals signed a second at most, whatever makes them due; a first SVID, or one with little life left, never waits.',
    ),
});

const patterns = z.array(z.string().min(1)).min(1).optional();
const policyPath = z.union(
  [
    field.path,
    z.strictObject({
      path: field.path.describe('A file or directory.'),
      defaultNamespace: field.kubernetesName
        .optional()
        .describe('The namespace of documents that name none; filled before namespaces is looked at.'),
      namespaces: z.array(field.kubernetesName).min(1).optional().describe('Only documents of these may lie there.'),
      include: patterns.describe('Of a directory, only files that match one of these patterns are read.'),
      exclude: patterns.describe(
        'Of a directory, files and directories that match one of these patterns are left out.',
      ),
    }),
  ],
  { error: 'must be a path or { path, defaultNamespace, namespaces, include, exclude }' },
);
const plane = z.enum(['enforce', 'observe', 'off']);

const policies = z.strictObject({
  paths: z.array(policyPath).prefault(['./policies']).describe('Files and directories of policy; watched.'),
  rootNamespace: field.kubernetesName.prefault('istio-system').describe('Its policies hold in every namespace.'),
  absence: z.enum(['upstream', 'strict']).prefault('upstream').describe('How a condition on an absent fact is read.'),
  allowEmpty: z.boolean().prefault(false).describe('Allow everything while there is no policy at all.'),
  planes: z
    .strictObject({
      calico: plane.prefault('enforce').describe('Calico policies on requests.'),
      l4: plane.prefault('observe').describe('Network policies of Calico and Kubernetes, as on packets.'),
    })
    .prefault({})
    .describe('Which planes decide, which are only watched, and which are off.'),
  hops: z
    .array(field.cidr)
    .prefault([])
    .describe("Networks behind which the source's place is unknown: NAT, gateways."),
  owners: z
    .record(field.path, z.string().min(1))
    .prefault({})
    .describe('Who answers for the policies of a directory, where neither document nor namespace says so.'),
  ignoreBy: z
    .array(z.string().min(1))
    .optional()
    .describe('Owners whose documents may ignore findings; unless set, every document may.'),
  customProviders: z
    .record(z.string().min(1), z.enum(['envoy']))
    .prefault({})
    .describe('Providers of CUSTOM policies that Envoy itself asks; any other denies.'),
});

const entry = z.strictObject({
  spiffeId: field.spiffeId,
  selectors: z
    .array(field.selector)
    .min(1, 'an entry without selectors would entitle everybody')
    .describe('All must hold.'),
  x509SvidTtl: field.duration.optional(),
  jwtSvidTtl: field.duration.optional(),
  dnsNames: z.array(field.dnsName).prefault([]).describe('DNS names in its certificate.'),
  hint: z.string().max(1024).prefault('').describe('Tells a workload its several identities apart.'),
});

const workload = z.strictObject({
  namespace: field.kubernetesName.describe('Its namespace.'),
  serviceAccount: field.kubernetesName.describe('Its service account.'),
  spiffeId: z.string().prefault('').describe('Only where the ID does not follow /ns/<namespace>/sa/<service account>.'),
  labels: z
    .record(z.string(), z.string())
    .optional()
    .describe('Its labels, for policies with a selector. Absent: unknown.'),
  addresses: z.array(field.cidr).prefault([]).describe('Addresses and networks where it is reached.'),
  trustedHops: z
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe('Proxies in front of it whose X-Forwarded-For is believed. Absent: extAuthz.trustedHops.'),
  socket: field.unixSocket
    .optional()
    .describe('A Workload API socket of its own; attests whoever may open it. Mode 0600 unless told.'),
});

const extAuthz = z.strictObject({
  transport: z.enum(['lane', 'grpc-js']).prefault('lane').describe('Our own HTTP/2 server, or that of grpc-js.'),
  workers: z
    .union([z.int().min(1).max(256), z.literal('auto')], { error: 'must be a number from 1 to 256, or auto' })
    .prefault(1)
    .describe('Decider processes; auto: one a core.'),
  trustedHops: z.int().min(0).max(255).prefault(0).describe('Proxies in front whose X-Forwarded-For is believed.'),
  clients: z.array(field.spiffeId).prefault([]).describe('Who may ask about any destination: gateways, waypoints.'),
  verifyPeer: z
    .enum(['off', 'observe', 'enforce'])
    .prefault('observe')
    .describe('Whether the peer certificate that Envoy sends is checked against our own bundles; observe only counts.'),
  peerTrustDomains: z
    .enum(['any', 'own'])
    .prefault('any')
    .describe('own: peers of other trust domains are denied, as by Istio.'),
  decisionHeader: z
    .boolean()
    .prefault(false)
    .describe('Tell clients which policy decided, in the response header x-gatehouse-decision.'),
  ambiguousRequests: z
    .enum(['asUpstream', 'deny'])
    .prefault('asUpstream')
    .describe('deny: refuse paths, hosts and names of peers that may be read in two ways.'),
});

const feed = z.strictObject({
  maxAge: field.duration
    .prefault('30s')
    .describe('A decider whose knowledge is older goes on deciding, and is not ready.'),
  joinFile: z
    .string()
    .prefault('')
    .describe(
      'A file of `gatehouse join-token create --write`; needed once, for an authority that is not on a unix socket.',
    ),
});

const adminClient = z.union(
  [
    field.spiffeId,
    z.strictObject({
      id: field.spiffeId,
      role: z
        .enum(['read', 'operate'], { error: 'a role must be given: read or operate' })
        .describe('operate: everything; read: looks, and changes nothing.'),
      namespaces: z
        .array(field.kubernetesName)
        .min(1, 'a list of no namespaces would let it see nothing: name some, or leave namespaces out for all')
        .optional()
        .describe('Only with role read: what it sees lies in these. Absent: everything.'),
    }),
  ],
  {
    error: ({ input, errors }) =>
      (typeof input === 'string' ? errors?.[0]?.[0]?.message : undefined) ??
      'must be a SPIFFE ID or { id, role, namespaces }',
  },
);

const admin = z.strictObject({
  clients: z
    .array(adminClient)
    .prefault([])
    .describe('Who may use the admin API over mTLS; a bare SPIFFE ID operates on everything.'),
  group: field.account
    .optional()
    .describe(
      "Its members read by the admin API's unix socket, which it may then open (mode 0660 unless told). Absent: nobody.",
    ),
});

const tls = z.strictObject({
  dnsNames: z
    .array(field.dnsName)
    .prefault([])
    .describe('Names in our own SVIDs, for clients that look for a host name, such as Prometheus.'),
});

const jwks = z.strictObject({
  denyNetworks: z
    .array(field.cidr)
    .prefault(['169.254.0.0/16', 'fe80::/10'])
    .describe('Networks that key sets are never fetched from.'),
  allowNetworks: z.array(field.cidr).prefault([]).describe('Wins over denyNetworks; loopback must be named here.'),
});

/** The whole file. */
export const documentSchema = z.strictObject({
  trustDomain: field.trustDomain.describe('The SPIFFE trust domain that this Gatehouse signs for.'),
  trustDomainAliases: z.array(field.trustDomain).prefault([]).describe('Other names under which policies know it.'),
  roles: z
    .array(z.enum(['authority', 'decider']))
    .min(1)
    .prefault(['authority', 'decider'])
    .describe('authority gives identities, decider answers Checks.'),
  authorityAddress: field.authorityAddress
    .prefault('')
    .describe('Where a decider without the authority role learns of revocations and bundles: listen.feed over there.'),
  feed: feed.prefault({}).describe('Of a decider without the authority role.'),
  dataDir: field.path.prefault('./data').describe('Created 0700; one writer at a time.'),
  listen: listen.prefault({}).describe('Where we are asked.'),
  store: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'must be sqlite:PATH or postgres://…')
    .prefault('sqlite:./data/gatehouse.db')
    .describe('Where the authority keeps its state: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE.'),
  authority: authority.prefault({}).describe('The CA.'),
  policies: policies.prefault({}).describe('What may happen.'),
  entries: z.array(entry).prefault([]).describe('Who may be what.'),
  registry: z
    .strictObject({
      paths: z
        .array(field.path)
        .prefault([])
        .describe('Files and directories of Pods, Namespaces, ServiceAccounts and Services; watched.'),
    })
    .prefault({})
    .describe('Which workloads there are, as Kubernetes YAML.'),
  workloads: z.array(workload).prefault([]).describe('What an Envoy protects, where it does not say so itself.'),
  extAuthz: extAuthz.prefault({}).describe('How Checks are answered.'),
  admin: admin.prefault({}).describe('Who may use the admin API.'),
  tls: tls.prefault({}).describe('Our own certificates.'),
  jwks: jwks.prefault({}).describe('Guards of the fetches of key sets.'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .prefault('info')
        .describe('Least severity that is written; decisions are of level info.'),
    })
    .prefault({})
    .describe('The log, JSON lines on stderr.'),
});

/** The file with its defaults filled in, still as people write it. */
export type ConfigDocument = z.output<typeof documentSchema>;
