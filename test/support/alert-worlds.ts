/** Series in promtool's words, one value a minute. */
export type Series = Readonly<Record<string, string>>;

const of = (name: string, labels = ''): string => `${name}{job="gatehouse", instance="a"${labels}}`;
const all = (name: string, values: string, labels = ''): Series => ({ [of(name, labels)]: values });
const WEEK = 7 * 24 * 60;

/** A world that an alert, without its prefix, fires in, and the nearest one that it does not; after `minutes`, 30 unless told. */
export interface AlertWorld {
  readonly alert: string;
  readonly fires: Series;
  readonly quiet: Series;
  readonly minutes?: number;
}

export const alertWorlds: readonly AlertWorld[] = [
  { alert: 'NotReady', fires: all('up', '0x60'), quiet: { ...all('up', '1x60'), 'up{job="other"}': '0x60' } },
  {
    alert: 'NotReady',
    fires: all('gatehouse_serving', '0x60', ', service="envoy.service.auth.v3.Authorization"'),
    quiet: all('gatehouse_serving', '1x60', ', service="envoy.service.auth.v3.Authorization"'),
  },
  {
    alert: 'NoIdentities',
    fires: all('gatehouse_serving', '0x60', ', service="SpiffeWorkloadAPI"'),
    quiet: all('gatehouse_serving', '0 0 0 1x60', ', service="SpiffeWorkloadAPI"'),
  },
  {
    alert: 'AnIdentityRefused',
    fires: all('gatehouse_svid_failed_total', '0+1x60', ', code="not_entitled"'),
    quiet: all('gatehouse_svid_failed_total', '9x60', ', code="not_entitled"'),
  },
  {
    alert: 'NoDecisionsForAFaultOfOurs',
    fires: all('gatehouse_check_total', '0+1x60', ', reason="internal_error", decision="deny"'),
    quiet: all('gatehouse_check_total', '0+1x60', ', reason="rule_denied", decision="deny"'),
  },
  {
    alert: 'NoPolicies',
    fires: all('gatehouse_snapshot_generation', '4x60'),
    quiet: {
      ...all('gatehouse_snapshot_generation', '4x60'),
      ...all('gatehouse_policies', '1x60', ', dialect="istio", kind="AuthorizationPolicy"'),
    },
  },
  {
    alert: 'PoliciesBroken',
    fires: all('gatehouse_snapshot_load_errors_total', '0x25 1x30'),
    quiet: all('gatehouse_snapshot_load_errors_total', '0x5 1x60'),
  },
  {
    alert: 'DecidersMissing',
    fires: { ...all('gatehouse_deciders', '1x60'), ...all('gatehouse_deciders_wanted', '2x60') },
    quiet: { ...all('gatehouse_deciders', '2x60'), ...all('gatehouse_deciders_wanted', '2x60') },
  },
  {
    alert: 'CertificatesNotRenewed',
    fires: { ...all('gatehouse_svid_expiry_seconds', '800x60'), ...all('gatehouse_svid_ttl_seconds', '3600x60') },
    quiet: { ...all('gatehouse_svid_expiry_seconds', '1000x60'), ...all('gatehouse_svid_ttl_seconds', '3600x60') },
  },
  {
    alert: 'CertificatesRanOut',
    fires: all('gatehouse_svid_lapsed_total', '0x25 1x30'),
    quiet: all('gatehouse_svid_lapsed_total', '7x60'),
  },
  {
    alert: 'AuthorityEnds',
    fires: all('gatehouse_authority_expiry_seconds', '2000000x90', ', slot="active"'),
    quiet: all('gatehouse_authority_expiry_seconds', '2000000x90', ', slot="old"'),
    minutes: 80,
  },
  {
    alert: 'UpstreamCA',
    fires: all('gatehouse_upstream_expiry_seconds', '86400x60'),
    quiet: all('gatehouse_upstream_expiry_seconds', '+Inf '.repeat(40).trim()),
  },
  {
    alert: 'UpstreamCA',
    fires: all('gatehouse_upstream_findings', '1x60', ', code="ends_soon"'),
    quiet: all('gatehouse_upstream_findings', '0x60', ', code="ends_soon"'),
  },
  {
    alert: 'AFederatedBundle',
    fires: all('gatehouse_federation_stale', '1x60', ', trust_domain="other.example"'),
    quiet: all('gatehouse_federation_stale', '1x26 0x2 1x60', ', trust_domain="other.example"'),
  },
  {
    alert: 'AFederatedBundle',
    fires: all('gatehouse_federation_kept_out', '1x60', ', trust_domain="other.example"'),
    quiet: all('gatehouse_federation_kept_out', '0x60', ', trust_domain="other.example"'),
  },
  {
    alert: 'ABundleDoesNotArrive',
    fires: all('gatehouse_bundle_unacknowledged', '1x60'),
    quiet: all('gatehouse_bundle_unacknowledged', '1x26 0x2 1x60'),
  },
  { alert: 'TaintPaused', fires: all('gatehouse_taint_paused', '1x60'), quiet: all('gatehouse_taint_paused', '0x60') },
  {
    alert: 'RenewalsWait',
    fires: all('gatehouse_renewals_waiting', '5x60'),
    quiet: all('gatehouse_renewals_waiting', '5x22 0x2 5x60'),
  },
  { alert: 'KeyTokenAway', fires: all('gatehouse_key_token_up', '0x60'), quiet: all('gatehouse_key_token_up', '1x60') },
  { alert: 'StoreAway', fires: all('gatehouse_store_up', '0x60'), quiet: all('gatehouse_store_up', '1x60') },
  {
    alert: 'Descriptors',
    fires: { ...all('gatehouse_open_descriptors', '950x60'), ...all('gatehouse_max_descriptors', '1000x60') },
    quiet: { ...all('gatehouse_open_descriptors', '850x60'), ...all('gatehouse_max_descriptors', '1000x60') },
  },
  {
    alert: 'DeciderOutOfTouch',
    fires: all('gatehouse_feed_age_seconds', '31x60'),
    quiet: all('gatehouse_feed_age_seconds', '2x60'),
  },
  {
    alert: 'DeciderSilent',
    fires: all('gatehouse_remote_silent', '1x60'),
    quiet: all('gatehouse_remote_silent', '1x3 0x60'),
  },
  {
    alert: 'PodsWaitForCertificates',
    fires: all('gatehouse_pod_certificate_requests_waiting', '2x60', ', reason="NoIdentity"'),
    quiet: all('gatehouse_pod_certificate_requests_waiting', '2x22 0x2 2x60', ', reason="NoIdentity"'),
  },
  {
    alert: 'RootsInTheCluster',
    fires: { ...all('gatehouse_trust_bundle_up', '0x60'), ...all('gatehouse_kubernetes_leader', '1x60') },
    quiet: { ...all('gatehouse_trust_bundle_up', '0x60'), ...all('gatehouse_kubernetes_leader', '0x60') },
  },
  {
    alert: 'NobodyWritesToTheCluster',
    fires: all('gatehouse_kubernetes_leader', '0x60'),
    quiet: {
      ...all('gatehouse_kubernetes_leader', '0x60'),
      'gatehouse_kubernetes_leader{job="gatehouse", instance="b"}': '1x60',
    },
  },
  {
    alert: 'ClusterNotFollowed',
    fires: all('gatehouse_cluster_behind_seconds', '130x60'),
    quiet: all('gatehouse_cluster_behind_seconds', '110x60'),
  },
  {
    alert: 'WebhookNotBelieved',
    fires: all('gatehouse_admission_ca_bundle_current', '0x60'),
    quiet: all('gatehouse_admission_ca_bundle_current', '0x28 1x60'),
  },
  {
    alert: 'ChangesNotJudged',
    fires: all('gatehouse_admission_reviews_total', '0x25 1x30', ', outcome="late"'),
    quiet: all('gatehouse_admission_reviews_total', '0+1x60', ', outcome="allowed"'),
  },
  {
    alert: 'TenantOpened',
    fires: all('gatehouse_tenant_proved', '1x20 0x40', ', tenant="red", direction="in"'),
    quiet: all('gatehouse_tenant_proved', '1x60', ', tenant="red", direction="in"'),
  },
  {
    alert: 'Slow',
    fires: {
      ...all('gatehouse_check_seconds_bucket', '0+90x60', ', le="0.001"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="0.002"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="+Inf"'),
    },
    quiet: {
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="0.001"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="0.002"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="+Inf"'),
    },
  },
  {
    alert: 'ManyRefusals',
    fires: all('gatehouse_check_total', '0+600x60', ', decision="deny", reason="no_rule_allowed"'),
    quiet: all('gatehouse_check_total', '0+30x60', ', decision="deny", reason="no_rule_allowed"'),
  },
  {
    alert: 'ManyRefusals',
    fires: all(
      'gatehouse_check_total',
      `0+600x60 _x${WEEK - 60} 0+6000x60`,
      ', decision="deny", reason="no_rule_allowed"',
    ),
    quiet: all(
      'gatehouse_check_total',
      `0+600x60 _x${WEEK - 60} 0+600x60`,
      ', decision="deny", reason="no_rule_allowed"',
    ),
    minutes: WEEK + 30,
  },
  {
    alert: 'DecisionsUnlogged',
    fires: all('gatehouse_decision_log_dropped_total', '0+5x60'),
    quiet: all('gatehouse_decision_log_dropped_total', '5x60'),
  },
  {
    alert: 'Strangers',
    fires: all('gatehouse_peer_unverified_total', '0+5x60'),
    quiet: all('gatehouse_peer_unverified_total', '5x60'),
  },
];
