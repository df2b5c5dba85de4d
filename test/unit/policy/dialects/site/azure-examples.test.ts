import assert from 'node:assert/strict';
import { type GivenRule, securityGroup } from '../../../../support/security-group.ts';
import { type Asked, askSite } from '../../../../support/site-layer.ts';

const asg = (name: string): readonly object[] => [
  { id: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/${name}` },
];
const options = {
  subnets: ['10.0.0.4/31', '10.0.0.7'],
  tags: { VirtualNetwork: ['10.0.0.0/8'], Internet: { except: ['10.0.0.0/8'] }, Storage: ['20.60.0.0/16'] },
  applicationSecurityGroups: {
    AsgWeb: ['10.0.0.4', '10.0.0.5'],
    AsgLogic: ['10.0.0.6'],
    AsgDb: ['10.0.0.7'],
    Web: ['10.0.0.4'],
  },
};
const [web, logic, db, inside, world] = ['10.0.0.4', '10.0.0.6', '10.0.0.7', '10.0.0.99', '203.0.113.9'] as const;
const to = (from: string, at: string, port: number, more: Partial<Asked> = {}): Asked => ({
  ...{ from, to: at, port },
  ...more,
});

/** Facts of Microsoft's own examples; where they stand is said by each. */
const examples: readonly {
  readonly name: string;
  readonly rules: readonly GivenRule[];
  readonly asks: readonly (readonly [Asked, string])[];
}[] = [
  {
    name: 'three tiers of "Application security groups"',
    rules: [
      {
        ...{ name: 'Allow-HTTP-Inbound-Internet', priority: 100, protocol: 'TCP', destinationPortRange: '80' },
        ...{ sourceAddressPrefix: 'Internet', destinationAddressPrefix: '' },
        destinationApplicationSecurityGroups: asg('AsgWeb'),
      },
      {
        ...{ name: 'Deny-Database-All', priority: 120, access: 'Deny', destinationPortRange: '1433' },
        ...{ destinationAddressPrefix: '', destinationApplicationSecurityGroups: asg('AsgDb') },
      },
      {
        ...{ name: 'Allow-Database-BusinessLogic', priority: 110, protocol: 'TCP', destinationPortRange: '1433' },
        ...{ sourceAddressPrefix: '', sourceApplicationSecurityGroups: asg('AsgLogic') },
        ...{ destinationAddressPrefix: '', destinationApplicationSecurityGroups: asg('AsgDb') },
      },
    ],
    asks: [
      [to(world, web, 80), 'allow 0'],
      [to(world, web, 443), 'deny 5'],
      [to(world, db, 80), 'deny 5'],
      [to(logic, db, 1433), 'allow 2'],
      [to(web, db, 1433), 'deny 1'],
      [to(logic, db, 1433, { protocol: 17 }), 'deny 1'],
      [to(inside, db, 22), 'allow 3'],
    ],
  },
  {
    name: 'the body of "Security Rules - Create Or Update"',
    rules: [
      {
        ...{ name: 'rule1', priority: 100, access: 'Deny', direction: 'Outbound', protocol: '*' },
        ...{ sourceAddressPrefix: '10.0.0.0/8', destinationAddressPrefix: '11.0.0.0/8', destinationPortRange: '8080' },
      },
    ],
    asks: [
      [to(web, '11.2.3.4', 8080), 'deny 0'],
      [to(web, '11.2.3.4', 8081), 'allow 5'],
      [to(web, '12.2.3.4', 8080), 'allow 5'],
    ],
  },
  {
    name: 'rules of "az network nsg rule create"',
    rules: [
      {
        ...{ name: 'MyNsgRule', priority: 4096, access: 'Deny', protocol: 'Tcp', sourcePortRange: '80' },
        ...{ sourceAddressPrefix: '208.130.28.0/24', destinationPortRange: '', destinationPortRanges: ['80', '8080'] },
      },
      {
        ...{ name: 'MyNsgRuleWithAsg', priority: 500, protocol: 'Tcp', sourceAddressPrefix: 'Internet' },
        ...{ destinationPortRange: '', destinationPortRanges: ['80', '8080'], destinationAddressPrefix: '' },
        destinationApplicationSecurityGroups: asg('Web'),
      },
      {
        ...{ name: 'MyNsgRuleWithTags', priority: 400, direction: 'Outbound', sourceAddressPrefix: 'VirtualNetwork' },
        destinationAddressPrefix: 'Storage',
      },
    ],
    asks: [
      [to('208.130.28.7', db, 8080, { sourcePort: 80 }), 'deny 0'],
      [to('208.130.28.7', db, 8080), 'deny 5'],
      [to('208.130.28.7', web, 8080, { sourcePort: 80 }), 'allow 1'],
      [to(web, '20.60.1.1', 443), 'allow 2'],
    ],
  },
];

describe('examples that Azure documents', () => {
  for (const { name, rules, asks } of examples)
    it(`reads ${name}`, () => {
      const ask = askSite([JSON.stringify(securityGroup(rules))], options);
      assert.deepEqual(
        asks.map(([asked]) => ask(asked)),
        asks.map(([, want]) => want),
      );
    });
});
