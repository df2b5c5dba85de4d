/**
 * Names that Envoy's configuration and what is delivered to it must agree on; docs/native.md has them all.
 * @module
 */

/** Filters of an Envoy that decides itself, which are also the names of their resources. */
export const resourceNames = {
  /**
   * Fills in what the workload's tree reads of a request, and refuses who was revoked, before the policy is asked: one filter while nobody
   * is revoked. What the caller's connection shows is filled in once for all of its requests.
   */
  request: 'gatehouse.request',
  /** The same of whatever any tree reads, with each request; of Envoys that fill in nothing once for all. */
  facts: 'gatehouse.facts',
  /** Marks requests that an AUDIT policy means: no filter at all without one. */
  marks: 'gatehouse.marks',
  /** Refuses who was revoked, before the policy is asked; of Envoys that fill in what trees read themselves. */
  revocations: 'gatehouse.revocations',
  /** Decides HTTP requests, or hands them over. */
  policy: 'gatehouse.policy',
  /** As `marks`, of the same Envoys. */
  audit: 'gatehouse.audit',
  /** Decides TCP connections. */
  network: 'gatehouse.network',
  /** Refuses connections of who was revoked, after the policy. */
  networkRevocations: 'gatehouse.network-revocations',
} as const;

/** Under this namespace every RBAC filter of Envoy files what it found. */
export const RBAC_METADATA = 'envoy.filters.http.rbac';
/** The same of connections. */
export const NETWORK_RBAC_METADATA = 'envoy.filters.network.rbac';

/** Key of the name of the action that decided, by the prefix of its filter. */
export const decidedKey = (prefix: string): string => `${prefix}enforced_effective_policy_id`;

/** The same of connections, whose filters tell of their shadow alone. */
export const foundKey = (prefix: string): string => `${prefix}shadow_effective_policy_id`;

/** The type of several filters in one, as a policy comes where tokens are verified. */
export const FILTER_CHAIN = 'type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig';

/** In front of the keys of the filter that decides, so that no other RBAC filter of the chain overwrites them. */
export const POLICY_PREFIX = 'gh_';
/** The same of the filter of revocations. */
export const REVOCATIONS_PREFIX = 'ghr_';
/** The same of the filter of AUDIT policies. */
export const AUDIT_PREFIX = 'gha_';

/** Key of the node's metadata by which a gateway says how many hops it trusts, as its Checks say it too. */
export const HOPS_KEY = 'GATEHOUSE_TRUSTED_HOPS';

/** In front of the name of an action that decides in Envoy. */
export const DECIDED = 'n:';
/** In front of the name of an action that hands the request over to Gatehouse. */
export const ASK = 'ask:';

/** Keys of Envoy's filter state that trees read; `set_filter_state` fills them before the filters. */
export const stateKeys = {
  /** The path without query. */
  path: 'gh.path',
  /** Method and path without query, a line feed between them. */
  request: 'gh.request',
  /** Serial number of the caller's certificate, lower-case hex. */
  serial: 'gh.serial',
  /** Whether a connection is one of TLS: `tls` or `plain`. */
  transport: 'gh.transport',
  /** The action that the filter of revocations took. */
  revocation: 'gh.revocation',
} as const;

/** What trees read of a request, as an access log has it; `-` is what it does not have. */
export const stateFormats = {
  [stateKeys.path]: '%PATH(NQ:PATH)%',
  [stateKeys.request]: '%REQ(:METHOD)%\n%PATH(NQ:PATH)%',
  [stateKeys.serial]: '%DOWNSTREAM_PEER_SERIAL%',
} as const;

/** What a formatter of Envoy writes for what there is not. */
export const NOTHING = '-';

/** The name of the action that decided, as a log or another filter has it. @param prefix  of the filter */
export const decidedBy = (prefix: string): string => `%DYNAMIC_METADATA(${RBAC_METADATA}:${decidedKey(prefix)})%`;

/** What the filter of revocations calls a request that it refuses. */
export const REVOKED = `${DECIDED}revoked`;

/** What the filter of revocations calls a request that no revocation means. */
export const NOT_REVOKED = `${DECIDED}not-revoked`;
