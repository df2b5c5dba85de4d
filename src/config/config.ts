/**
 * The configuration as the program uses it: parsed, complete, absolute, frozen.
 * Durations are milliseconds; paths are absolute. `schema.ts` says how the file writes it.
 * @module
 */
import type { Selector } from '../spiffe/selector.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { FederationConfig } from './federation.ts';
import type { ListenConfig, UnixListener } from './listeners/listen-config.ts';
import type { TenantConfig } from './sections/tenants.ts';

/** What this process is: it issues, it decides, or both. */
export type Role = 'authority' | 'decider';
/** Whether a plane's denials hold, are only recorded, or are not made. */
export type PlaneSetting = 'enforce' | 'observe' | 'off';

/** Where the authority's state is kept; `url` is a `postgres://` URL, its password included. */
export type StoreConfig =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** PEM files. */
export type UpstreamConfig =
  | { readonly cert: string; readonly key: string; readonly ca: string | undefined }
  /** With tls.crt, tls.key and ca.crt in it. */
  | { readonly directory: string };

/** The authority: what it issues, for how long, with which keys, and how it rotates. */
export interface AuthorityConfig {
  readonly keyType: 'ec-p256' | 'ec-p384' | 'rsa-2048';
  /** Undefined: keys are files that only we can read. */
  readonly keyEncryptionKeyFile: string | undefined;
  readonly x509AuthorityTtlMs: number;
  readonly x509SvidTtlMs: number;
  readonly jwtSvidTtlMs: number;
  /** How long before its signing an X.509-SVID begins. */
  readonly backdateMs: number;
  /** What must be known of consumers before a rotation goes on. */
  readonly gateGrade: 'sent' | 'acknowledged' | 'renewed';
  readonly jwtAlgorithm: 'ES256' | 'ES384' | 'RS256' | 'RS384' | 'RS512';
  /** `iss` of JWT-SVIDs; undefined: they have none. */
  readonly jwtIssuer: string | undefined;
  /** From the publication of a JWT key to its first signature, where anybody may fetch it. */
  readonly oidcLeadMs: number;
  readonly jwtAuthorityTtlMs: number;
  /** memory: keys go with the process, and the next start makes new authorities. */
  readonly keyStore: 'disk' | 'memory' | { readonly pkcs11: Pkcs11Config };
  /** Undefined: our authorities sign themselves. */
  readonly upstream: UpstreamConfig | undefined;
  /** How long an issuance stays in the ledger, and a revocation in the store, after it has expired. */
  readonly ledgerRetentionMs: number;
  readonly refreshHintSeconds: number;
  readonly renewalsPerSecond: number;
}

/** A token that makes and keeps keys. */
export interface Pkcs11Config {
  /** The file of its module. */
  readonly module: string;
  readonly tokenLabel: string;
  readonly pinFile: string;
}

/** A file or directory of policies. */
export interface PolicyPath {
  readonly path: string;
  /** Undefined: policies of any namespace are accepted from there. */
  readonly namespaces: readonly string[] | undefined;
  /** The namespace of documents there that name none. */
  readonly defaultNamespace?: string | undefined;
  /** Patterns of the files that are read, and of those that are left out. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** What stands there, for what is no file: standard input. */
  readonly text?: string | undefined;
}

/** A file or directory of the site's own layer. */
export interface SitePath {
  readonly path: string;
  readonly subnets: readonly string[] | undefined;
  readonly tags: Readonly<Record<string, readonly string[] | { readonly except: readonly string[] }>>;
  readonly applicationSecurityGroups: Readonly<Record<string, readonly string[]>>;
}

/** Where policies come from, and what holds where they say nothing. */
export interface PoliciesConfig {
  readonly paths: readonly PolicyPath[];
  /** A whole set that is asked beside what is in force; no paths: none is. */
  readonly candidate: { readonly paths: readonly PolicyPath[] };
  readonly rootNamespace: string;
  /** A condition on a fact that is not there: as Istio and Calico have it, or never an allow by it and a deny in a DENY. */
  readonly absence: 'upstream' | 'strict';
  readonly allowEmpty: boolean;
  readonly planes: { readonly calico: PlaneSetting; readonly l4: PlaneSetting; readonly site: PlaneSetting };
  /** What stands around the cluster; names that are given for all paths are given for each. */
  readonly site: { readonly paths: readonly SitePath[] };
  /** CIDRs behind which the source's place is unknown. */
  readonly hops: readonly string[];
  readonly customProviders: Readonly<Record<string, 'envoy'>>;
  /** Absolute paths of directories and files, and who answers for the policies there. */
  readonly owners: readonly (readonly [path: string, owner: string])[];
  /** Owners whose documents may ignore findings; undefined: everybody's may. */
  readonly ignoreBy: readonly string[] | undefined;
}

/** The cluster that we belong to, and what is read out of it. */
export interface KubernetesConfig {
  /** `''`: the cluster of the pod that we run in. */
  readonly kubeconfig: string;
  readonly policies: boolean;
  readonly registry: boolean;
  /** Objects that have a namespace are read of these; empty: of all. */
  readonly namespaces: readonly string[];
  /** What is found in policies there is told there. */
  readonly status: boolean;
  readonly signer: PodSignerConfig | undefined;
  /** The Lease by which one replica is chosen to write there; an empty namespace is our own. */
  readonly leader: { readonly namespace: string; readonly lease: string };
}

/** A registration entry: which processes get which SPIFFE ID. */
export interface EntryConfig {
  readonly spiffeId: SpiffeId;
  readonly selectors: readonly Selector[];
  readonly x509SvidTtlMs: number;
  readonly jwtSvidTtlMs: number;
  readonly dnsNames: readonly string[];
  readonly hint: string;
  /** Other trust domains, whose bundles its callers get. */
  readonly federatesWith: readonly TrustDomain[];
  /** `file:line`, for people. */
  readonly origin: string;
}

/** A workload that the configuration itself registers: who it is, how it is labelled, where it is. */
export interface WorkloadConfig {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly spiffeId: SpiffeId;
  /** Undefined: nobody told. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly addresses: readonly string[];
  /** Other trust domains, whose bundles callers of its socket get. */
  readonly federatesWith: readonly TrustDomain[];
  /** Undefined: `extAuthz.trustedHops` holds. */
  readonly trustedHops: number | undefined;
  readonly socket: UnixListener | undefined;
  readonly origin: string;
}

/** How Checks are served and what is believed of them. */
export interface ExtAuthzConfig {
  readonly transport: 'lane' | 'grpc-js';
  readonly workers: number;
  readonly trustedHops: number;
  readonly clients: readonly SpiffeId[];
  readonly verifyPeer: 'off' | 'observe' | 'enforce';
  readonly peerTrustDomains: 'any' | 'own';
  readonly ambiguousRequests: 'asUpstream' | 'deny';
  readonly httpAmbiguousRequests: 'asUpstream' | 'deny';
  readonly decisionHeader: boolean;
}

/** Somebody who may use the admin API over mTLS. */
export interface AdminClient {
  readonly id: SpiffeId;
  readonly role: 'read' | 'operate';
  /** What it sees lies in these; undefined: everything. Only with `read`. */
  readonly namespaces: readonly string[] | undefined;
}

/** The admin API's own settings. */
export interface AdminConfig {
  /** Who may use it over mTLS. */
  readonly clients: readonly AdminClient[];
  /** Name or number of the group whose members read by its unix socket; undefined: nobody. */
  readonly group: string | undefined;
}

/** Of a decider without the authority role. */
export interface FeedConfig {
  /** What is older makes us not ready; we go on deciding by it. */
  readonly maxAgeMs: number;
  /** A file of `gatehouse join-token create`; undefined: we have joined before, or the authority is on a unix socket. */
  readonly joinFile: string | undefined;
}

/** What a cluster lets through the door. */
export interface AdmissionConfig {
  readonly check: 'warn' | 'enforce';
  /** Whether changes, and what is in force, are held against `tenants`. */
  readonly prove: 'enforce' | 'warn' | 'off';
  readonly onTimeout: 'allow' | 'deny';
  /** The Service that the API server asks. */
  readonly service: { readonly name: string; readonly namespace: string } | undefined;
  /** Name of the ValidatingWebhookConfiguration that we keep right. */
  readonly configuration: string | undefined;
  /** PEM file. */
  readonly clientCa: string | undefined;
}

/** TLS on our own listeners. */
export interface TlsConfig {
  /** Names in our own SVID besides the SPIFFE ID, for clients that look for a host name. */
  readonly dnsNames: readonly string[];
}

/** Signs certificates for pods. */
export interface PodSignerConfig {
  /** Such as `gatehouse.io/workload`. */
  readonly name: string;
  readonly ttlMs: number;
}

/** Which networks key sets may be fetched from: CIDRs; what is allowed wins over what is denied. */
export interface JwksConfig {
  readonly denyNetworks: readonly string[];
  readonly allowNetworks: readonly string[];
}

/** How pods and service accounts of a cluster are attested. */
export interface KubernetesAttestationConfig {
  /** One of them must be in a token. */
  readonly audiences: readonly string[];
  readonly verify: 'offline' | 'review' | 'both';
  readonly implicit: {
    readonly namespaces: readonly string[];
    /** As the API server takes it; `''`: every namespace. Undefined: none by labels. */
    readonly labelSelector: string | undefined;
    readonly federatesWith: readonly TrustDomain[];
  };
  /** Undefined: as the environment says, if it does. */
  readonly nodeName: string | undefined;
  /** `NAMESPACE/SERVICEACCOUNT`. */
  readonly nodeProxies: readonly string[];
  /** Undefined: a caller may say what it likes. */
  readonly clusterId: string | undefined;
  readonly renewForMs: number;
}

/** All of it. */
export interface Config {
  /** The file that it was read from. */
  readonly file: string;
  readonly trustDomain: TrustDomain;
  readonly trustDomainAliases: readonly TrustDomain[];
  readonly roles: readonly Role[];
  /** `unix:PATH` (absolute) or `HOST:PORT`, tried in turn; empty with the authority role. */
  readonly authorityAddresses: readonly string[];
  readonly feed: FeedConfig;
  readonly dataDir: string;
  readonly listen: ListenConfig;
  readonly store: StoreConfig;
  readonly authority: AuthorityConfig;
  readonly policies: PoliciesConfig;
  readonly entries: readonly EntryConfig[];
  readonly attestation: { readonly kubernetes: KubernetesAttestationConfig | undefined };
  readonly kubernetes: KubernetesConfig;
  readonly registry: { readonly paths: readonly string[] };
  readonly tenants: Readonly<Record<string, TenantConfig>>;
  readonly workloads: readonly WorkloadConfig[];
  readonly extAuthz: ExtAuthzConfig;
  readonly admin: AdminConfig;
  readonly admission: AdmissionConfig;
  readonly tls: TlsConfig;
  readonly federation: FederationConfig;
  readonly jwks: JwksConfig;
  readonly log: { readonly level: LogLevel; readonly facts: LoggedValues };
}

/** How the log tells of a decision the values that policies read and that may be private. */
export type LoggedValues = 'none' | 'names' | 'hashes' | 'values';

/** The least severe that is logged. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
