/**
 * Traffic policies of other systems: a closed list. Nothing of them is enforced here, which is worth a warning; every other kind
 * that is not read is only counted.
 * @module
 */

/** Group, whose it is, and the kinds; no kinds: all of the group. */
type Row = readonly [group: string, system: string, ...kinds: string[]];

const rows: readonly Row[] = [
  ['cilium.io', 'Cilium', 'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy', 'CiliumEgressGatewayPolicy', 'CiliumLocalRedirectPolicy'],
  ['crd.antrea.io', 'Antrea', 'NetworkPolicy', 'ClusterNetworkPolicy'],
  ['security.antrea.tanzu.vmware.com', 'Antrea', 'NetworkPolicy', 'ClusterNetworkPolicy'],
  ['consul.hashicorp.com', 'Consul', 'ServiceIntentions'],
  ['auth.consul.hashicorp.com', 'Consul', 'TrafficPermissions'],
  ['policy.linkerd.io', 'Linkerd', 'Server', 'ServerAuthorization', 'AuthorizationPolicy', 'MeshTLSAuthentication', 'NetworkAuthentication'],
  ['kuma.io', 'Kuma', 'MeshTrafficPermission', 'TrafficPermission'],
  ['gateway.envoyproxy.io', 'Envoy Gateway', 'SecurityPolicy', 'ClientTrafficPolicy', 'BackendTrafficPolicy'],
  ['kuadrant.io', 'Kuadrant', 'AuthPolicy'],
  ['authorino.kuadrant.io', 'Authorino', 'AuthConfig'],
  ['security.policy.gloo.solo.io', 'Gloo', 'AccessPolicy', 'ExtAuthPolicy', 'JWTPolicy', 'CORSPolicy'],
  ['enterprise.gloo.solo.io', 'Gloo', 'AuthConfig'],
  ['gateway.kgateway.dev', 'kgateway', 'TrafficPolicy'],
  ['security.tsb.tetrate.io', 'Tetrate', 'SecuritySetting', 'ServiceSecuritySetting'],
  ['hub.traefik.io', 'Traefik', 'AccessControlPolicy'],
  ['k8s.nginx.org', 'NGINX', 'Policy'],
  ['getambassador.io', 'Emissary', 'FilterPolicy'],
  ['policy.openservicemesh.io', 'Open Service Mesh', 'Egress', 'IngressBackend'],
  ['access.smi-spec.io', 'the Service Mesh Interface', 'TrafficTarget'],
  ['k8s.otterize.com', 'Otterize', 'ClientIntents', 'ProtectedService'],
  ['networking.gke.io', 'GKE', 'FQDNNetworkPolicy', 'GCPBackendPolicy'],
  ['networking.k8s.aws', 'the VPC CNI of AWS', 'PolicyEndpoint', 'ClusterPolicyEndpoint', 'ApplicationNetworkPolicy', 'ClusterNetworkPolicy'],
  ['vpcresources.k8s.aws', 'the VPC CNI of AWS', 'SecurityGroupPolicy'],
  ['k8s.ovn.org', 'OVN-Kubernetes', 'EgressFirewall'],
  ['network.openshift.io', 'OpenShift', 'EgressNetworkPolicy', 'NetNamespace'],
  ['ingressnodefirewall.openshift.io', 'OpenShift', 'IngressNodeFirewall'],
  ['template.openshift.io', 'OpenShift: its objects are not unfolded', 'Template'],
  ['k8s.cni.cncf.io', 'Multus', 'MultiNetworkPolicy'],
  ['kubeovn.io', 'Kube-OVN', 'SecurityGroup'],
  ['crd.nsx.vmware.com', 'NSX', 'SecurityPolicy'],
  ['neuvector.com', 'NeuVector', 'NvSecurityRule', 'NvClusterSecurityRule'],
  ['config.istio.io', 'Mixer, which Istio no longer has', 'rule', 'handler', 'denier', 'listchecker', 'checknothing', 'rbac', 'authorization', 'quota'],
]; // biome-ignore format: a table

const plain = (word: string): string => word.toLowerCase();

const systems = new Map(rows.map(([group, system, ...kinds]) => [group, { system, kinds: new Set(kinds.map(plain)) }]));

/** Whose traffic policy a kind is, in whatever case it is written; undefined: it is none that the list has. */
export function systemOf(group: string, kind: string): string | undefined {
  const found = systems.get(plain(group));
  return found !== undefined && (found.kinds.size === 0 || found.kinds.has(plain(kind))) ? found.system : undefined;
}
