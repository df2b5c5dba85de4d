/**
 * Network security groups as `az network nsg show` prints them: rules of one's own before the default ones.
 * @module
 */

/** A rule; what it does not say, Azure's own rules say. */
export interface GivenRule {
  readonly name?: string;
  readonly priority: number;
  readonly direction?: string;
  readonly access?: string;
  readonly protocol?: string;
  readonly [field: string]: unknown;
}

const ID = '/subscriptions/s/resourceGroups/shop/providers/Microsoft.Network/networkSecurityGroups/edge';

const ruleOf = (given: GivenRule, of: string): Record<string, unknown> => ({
  access: 'Allow',
  description: null,
  destinationAddressPrefix: '*',
  destinationAddressPrefixes: [],
  destinationApplicationSecurityGroups: null,
  destinationPortRange: '*',
  destinationPortRanges: [],
  direction: 'Inbound',
  etag: 'W/"0"',
  id: `${ID}/${of}/${given.name ?? `r${given.priority}`}`,
  name: `r${given.priority}`,
  protocol: '*',
  provisioningState: 'Succeeded',
  resourceGroup: 'shop',
  sourceAddressPrefix: '*',
  sourceAddressPrefixes: [],
  sourceApplicationSecurityGroups: null,
  sourcePortRange: '*',
  sourcePortRanges: [],
  type: `Microsoft.Network/networkSecurityGroups/${of}`,
  ...given,
});

/** What Azure puts into every group. */
const defaults: readonly GivenRule[] = [
  {
    name: 'AllowVnetInBound',
    priority: 65_000,
    sourceAddressPrefix: 'VirtualNetwork',
    destinationAddressPrefix: 'VirtualNetwork',
  },
  { name: 'AllowAzureLoadBalancerInBound', priority: 65_001, sourceAddressPrefix: 'AzureLoadBalancer' },
  { name: 'DenyAllInBound', priority: 65_500, access: 'Deny' },
  {
    name: 'AllowVnetOutBound',
    priority: 65_000,
    direction: 'Outbound',
    sourceAddressPrefix: 'VirtualNetwork',
    destinationAddressPrefix: 'VirtualNetwork',
  },
  { name: 'AllowInternetOutBound', priority: 65_001, direction: 'Outbound', destinationAddressPrefix: 'Internet' },
  { name: 'DenyAllOutBound', priority: 65_500, direction: 'Outbound', access: 'Deny' },
];

/** The group `shop/edge`, as a value. */
export const securityGroup = (rules: readonly GivenRule[], more: Readonly<Record<string, unknown>> = {}) => ({
  defaultSecurityRules: defaults.map((rule) => ruleOf(rule, 'defaultSecurityRules')),
  etag: 'W/"0"',
  flushConnection: false,
  id: ID,
  location: 'westeurope',
  name: 'edge',
  networkInterfaces: null,
  provisioningState: 'Succeeded',
  resourceGroup: 'shop',
  securityRules: rules.map((rule) => ruleOf(rule, 'securityRules')),
  subnets: [{ id: '/subscriptions/s/resourceGroups/shop/providers/Microsoft.Network/virtualNetworks/v/subnets/pods' }],
  tags: null,
  type: 'Microsoft.Network/networkSecurityGroups',
  ...more,
});
