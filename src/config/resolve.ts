/**
 * From what the file says to what the program uses: absolute paths, milliseconds, parsed names; and the rules that take more
 * than one field to check.
 * @module
 */
import { availableParallelism } from 'node:os';
import { dirname, resolve as resolvePath } from 'node:path';
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../spiffe/trust-domain.ts';
import { kubernetesAttestation } from './attestation.ts';
import type {
  AdminConfig,
  AdmissionConfig,
  Config,
  EntryConfig,
  PolicyPath,
  SitePath,
  StoreConfig,
  WorkloadConfig,
} from './config.ts';
import { parseDuration } from './duration.ts';
import { federationConfig } from './federation.ts';
import { splitAddresses } from './fields.ts';
import { resolveListen, unixListener } from './listeners/resolve.ts';
import { keyStore, upstream } from './resolve-authority.ts';
import type { ConfigDocument } from './schema.ts';

/** Names the place of an entry or workload for people, e.g. `gatehouse.yaml:12`. */
export type OriginOf = (path: readonly (string | number)[]) => string;

const durationMs = (text: string): number => parseDuration(text)!; // the schema has checked it

/** Builds the configuration of a checked document. Call `ruleProblems` on the result before using it. */
export function resolveConfig(document: ConfigDocument, file: string, originOf: OriginOf): Config {
  const directory = dirname(file);
  const absolute = (path: string): string => resolvePath(directory, path);
  const trustDomain = parseTrustDomain(document.trustDomain);
  const { authority, policies, extAuthz } = document;
  return {
    file,
    trustDomain,
    trustDomainAliases: document.trustDomainAliases.map(parseTrustDomain),
    roles: document.roles,
    authorityAddresses: splitAddresses(document.authorityAddress).map((each) =>
      each.startsWith('unix:') ? `unix:${absolute(each.slice('unix:'.length))}` : each,
    ),
    feed: {
      maxAgeMs: durationMs(document.feed.maxAge),
      joinFile: document.feed.joinFile === '' ? undefined : absolute(document.feed.joinFile),
    },
    dataDir: absolute(document.dataDir),
    listen: resolveListen(document.listen, document.admin.group, absolute),
    store: store(document.store, absolute),
    authority: {
      keyType: authority.keyType,
      keyEncryptionKeyFile:
        authority.keyEncryptionKeyFile === '' ? undefined : absolute(authority.keyEncryptionKeyFile),
      x509AuthorityTtlMs: durationMs(authority.x509AuthorityTtl),
      x509SvidTtlMs: durationMs(authority.x509SvidTtl),
      jwtSvidTtlMs: durationMs(authority.jwtSvidTtl),
      backdateMs: durationMs(authority.backdate),
      gateGrade: authority.gateGrade,
      jwtAlgorithm: authority.jwtKeyType,
      jwtIssuer: authority.jwtIssuer === '' ? undefined : authority.jwtIssuer,
      oidcLeadMs: durationMs(authority.oidcLead),
      jwtAuthorityTtlMs: durationMs(authority.jwtAuthorityTtl),
      keyStore: keyStore(authority.keyStore, absolute),
      upstream: authority.upstream && upstream(authority.upstream, absolute),
      ledgerRetentionMs: durationMs(authority.ledgerRetention),
      refreshHintSeconds: Math.max(1, Math.round(durationMs(authority.refreshHint) / 1000)),
      renewalsPerSecond: authority.renewalsPerSecond,
    },
    policies: {
      ...policies,
      paths: policies.paths.map((each) => policyPath(each, absolute)),
      candidate: { paths: policies.candidate.paths.map((each) => policyPath(each, absolute)) },
      site: { paths: policies.site.paths.map((each) => sitePath(each, policies.site, absolute)) },
      owners: Object.entries(policies.owners).map(([path, owner]) => [absolute(path), owner] as const),
      ignoreBy: policies.ignoreBy,
    },
    entries: document.entries.map(
      (entry, i): EntryConfig => ({
        spiffeId: parseSpiffeId(entry.spiffeId),
        selectors: entry.selectors,
        x509SvidTtlMs: durationMs(entry.x509SvidTtl ?? authority.x509SvidTtl),
        jwtSvidTtlMs: durationMs(entry.jwtSvidTtl ?? authority.jwtSvidTtl),
        dnsNames: entry.dnsNames,
        hint: entry.hint,
        federatesWith: entry.federatesWith.map(parseTrustDomain),
        origin: originOf(['entries', i]),
      }),
    ),
    attestation: {
      kubernetes: document.attestation.kubernetes && kubernetesAttestation(document.attestation.kubernetes),
    },
    registry: { paths: document.registry.paths.map(absolute) },
    tenants: document.tenants,
    kubernetes: kubernetesConfig(document.kubernetes, absolute),
    workloads: document.workloads.map(
      (each, i): WorkloadConfig => ({
        namespace: each.namespace,
        serviceAccount: each.serviceAccount,
        spiffeId: spiffeIdOf(each, document.trustDomain),
        labels: each.labels,
        addresses: each.addresses,
        federatesWith: each.federatesWith.map(parseTrustDomain),
        trustedHops: each.trustedHops,
        socket: each.socket && unixListener(each.socket, 0o600, absolute),
        origin: originOf(['workloads', i]),
      }),
    ),
    extAuthz: {
      ...extAuthz,
      workers: extAuthz.workers === 'auto' ? availableParallelism() : extAuthz.workers,
      clients: extAuthz.clients.map(parseSpiffeId),
    },
    admin: adminConfig(document.admin),
    admission: admissionConfig(document.admission, absolute),
    tls: document.tls,
    federation: federationConfig(document.federation, absolute),
    jwks: document.jwks,
    log: document.log,
  };
}

type PolicyPathDocument = ConfigDocument['policies']['paths'][number];

const policyPath = (each: PolicyPathDocument, absolute: (path: string) => string): PolicyPath =>
  typeof each === 'string'
    ? { path: absolute(each), namespaces: undefined }
    : { ...each, path: absolute(each.path), namespaces: each.namespaces };

type SiteDocument = ConfigDocument['policies']['site'];

/** What is said of one path goes before what is said of all. */
function sitePath(
  each: SiteDocument['paths'][number],
  all: SiteDocument,
  absolute: (path: string) => string,
): SitePath {
  const own = typeof each === 'string' ? { path: each } : each;
  return {
    path: absolute(own.path),
    subnets: 'subnets' in own ? own.subnets : undefined,
    tags: { ...all.tags, ...('tags' in own && own.tags) },
    applicationSecurityGroups: {
      ...all.applicationSecurityGroups,
      ...('applicationSecurityGroups' in own && own.applicationSecurityGroups),
    },
  };
}

const noCluster: Config['kubernetes'] = {
  ...{ kubeconfig: '', policies: false, registry: false, namespaces: [], status: false, signer: undefined },
  leader: { namespace: '', lease: 'gatehouse' },
};

/** Without the key nothing is read out of a cluster; others may ask it still. */
function kubernetesConfig(
  written: ConfigDocument['kubernetes'],
  absolute: (path: string) => string,
): Config['kubernetes'] {
  if (written === undefined) return noCluster;
  const { kubeconfig, signer } = written;
  return {
    ...written,
    kubeconfig: kubeconfig === '' ? '' : absolute(kubeconfig),
    signer: signer && { name: signer.name, ttlMs: durationMs(signer.ttl) },
  };
}

function admissionConfig(
  { check, prove, onTimeout, service, configuration, clientCa }: ConfigDocument['admission'],
  absolute: (path: string) => string,
): AdmissionConfig {
  const [name, namespace] = service.split('.');
  return {
    check,
    prove,
    onTimeout,
    service: name && namespace ? { name, namespace } : undefined,
    configuration: configuration === '' ? undefined : configuration,
    clientCa: clientCa === '' ? undefined : absolute(clientCa),
  };
}

function adminConfig({ clients, group }: ConfigDocument['admin']): AdminConfig {
  return {
    clients: clients.map((each) => {
      const { id, role, namespaces } =
        typeof each === 'string' ? ({ id: each, role: 'operate', namespaces: undefined } as const) : each;
      return { id: parseSpiffeId(id), role, namespaces };
    }),
    group: group === undefined ? undefined : String(group),
  };
}

function spiffeIdOf(each: ConfigDocument['workloads'][number], trustDomain: string): SpiffeId {
  const derived = `spiffe://${trustDomain}/ns/${each.namespace}/sa/${each.serviceAccount}`;
  return parseSpiffeId(each.spiffeId === '' ? derived : each.spiffeId);
}

function store(text: string, absolute: (path: string) => string): StoreConfig {
  return text.startsWith('sqlite:')
    ? { kind: 'sqlite', path: absolute(text.slice('sqlite:'.length)) }
    : { kind: 'postgres', url: text };
}
