/**
 * Which policies we read: API group and kind → reader. Adding a dialect means adding rows.
 * @module
 */
import { calicoOtherReaders } from './calico/other-kinds.ts';
import { calicoPolicyReaders } from './calico/policy.ts';
import { authorizationPolicyReader } from './istio/read/authorization-policy.ts';
import { peerAuthenticationReader } from './istio/read/peer-authentication.ts';
import { requestAuthenticationReader } from './istio/read/request-authentication.ts';
import { createKindTable } from './kind-table.ts';
import { kubernetesReaders } from './kubernetes/readers.ts';

/** What else Calico keeps in its groups. */
const calicoElsewhere = [
  'BGPConfiguration',
  'BGPFilter',
  'BGPPeer',
  'BlockAffinity',
  'CalicoNodeStatus',
  'ClusterInformation',
  'FelixConfiguration',
  'IPAMBlock',
  'IPAMConfig',
  'IPAMConfiguration',
  'IPAMHandle',
  'IPPool',
  'IPReservation',
  'KubeControllersConfiguration',
  'Node',
  'RemoteClusterConfiguration',
  'WorkloadEndpoint',
  // Calico Enterprise and Cloud
  'AlertException',
  'AuthenticationReview',
  'AuthorizationReview',
  'DeepPacketInspection',
  'EgressGatewayPolicy',
  'ExternalNetwork',
  'GlobalAlert',
  'GlobalAlertTemplate',
  'GlobalReport',
  'GlobalReportType',
  'GlobalThreatFeed',
  'LicenseKey',
  'ManagedCluster',
  'PacketCapture',
  'PolicyRecommendationScope',
  'SecurityEventWebhook',
  'UISettings',
  'UISettingsGroup',
];

/** Every kind that is read or known, by group and kind. */
export const policyKinds = createKindTable(
  [
    authorizationPolicyReader,
    requestAuthenticationReader,
    peerAuthenticationReader,
    ...calicoPolicyReaders,
    ...calicoOtherReaders,
    ...kubernetesReaders,
  ],
  new Map([
    ['security.istio.io', []],
    ['projectcalico.org', calicoElsewhere],
    ['crd.projectcalico.org', calicoElsewhere],
    ['networking.k8s.io', ['Ingress', 'IngressClass', 'IPAddress', 'ServiceCIDR']],
    ['policy.networking.k8s.io', []],
  ]),
);
