import assert from 'node:assert/strict';
import { type GivenRule, securityGroup } from '../../../../support/security-group.ts';
import { readSite, usualTags } from '../../../../support/site-layer.ts';

const SOURCE = 'securityRules[0].sourceAddressPrefix';

/** What is wrong with one rule, its place, and what is said; every one is one error. */
const badRules: readonly {
  readonly name: string;
  readonly rule: Omit<GivenRule, 'priority'> & { readonly priority?: unknown };
  readonly code: string;
  readonly path: string;
  readonly says: RegExp;
}[] = [
  ...(
    [
      ['a range of addresses', '10.0.0.4-10.0.0.9', /a range from one address to another/],
      ['a range with blanks', '10.0.0.4 - 10.0.0.9', /a range from one address to another/],
      ['a range of IPv6 addresses', 'fd00::1-fd00::9', /a range from one address to another/],
      ['several addresses in one text', '10.0.0.4,10.0.0.5', /several at once/],
      ['several tags in one text', 'VirtualNetwork, Internet', /several at once/],
      ['too long a prefix', '10.0.0.0/33', /length of its prefix/],
      ['too long a prefix of IPv6', 'fd00::/129', /length of its prefix/],
      ['a mask', '10.0.0.0/255.0.0.0', /length of its prefix/],
      ['three bytes of four, as the help of az has it', '208.130.28/24', /no address, no CIDR and no service tag/],
      ['a number beyond a byte', '10.0.0.256', /no address, no CIDR and no service tag/],
      ['a zone of an address', 'fe80::1%eth0', /no address, no CIDR and no service tag/],
      ['a parameter', "[parameters('source')]", /no address, no CIDR and no service tag/],
      ['blanks', '  ', /is empty/],
    ] as const
  ).map(([name, sourceAddressPrefix, says]) => ({
    ...{ name, rule: { sourceAddressPrefix }, code: 'net-invalid', path: SOURCE, says },
  })),
  {
    name: 'a range among several, by its own place',
    rule: { destinationAddressPrefix: '', destinationAddressPrefixes: ['10.0.0.4', '10.0.0.5-10.0.0.9'] },
    code: 'net-invalid',
    path: 'securityRules[0].destinationAddressPrefixes[1]',
    says: /a range/,
  },
  {
    name: 'an empty text among several',
    rule: { sourceAddressPrefix: null, sourceAddressPrefixes: [''] },
    code: 'net-invalid',
    path: 'securityRules[0].sourceAddressPrefixes[0]',
    says: /is empty/,
  },
  {
    name: 'a tag in its older writing that nobody explains',
    rule: { sourceAddressPrefix: 'VIRTUAL_NETWORK' },
    code: 'tag-unknown',
    path: SOURCE,
    says: /VIRTUAL_NETWORK/,
  },
  {
    name: 'addresses beside application security groups',
    rule: { sourceAddressPrefix: '10.0.0.4', sourceApplicationSecurityGroups: [{ id: '/x/web' }] },
    code: 'nsg-form',
    path: 'securityRules[0].sourceApplicationSecurityGroups',
    says: /both addresses and/,
  },
  {
    name: 'several ports in one text',
    rule: { destinationPortRange: '80,443' },
    code: 'port-invalid',
    path: 'securityRules[0].destinationPortRange',
    says: /80,443/,
  },
  {
    name: 'a port beyond the last, by its own place',
    rule: { sourcePortRange: '', sourcePortRanges: ['80', '65536'] },
    code: 'port-invalid',
    path: 'securityRules[0].sourcePortRanges[1]',
    says: /65536/,
  },
  {
    name: 'a port that is a number',
    rule: { destinationPortRange: 443 },
    code: 'type',
    path: 'securityRules[0].destinationPortRange',
    says: /text/,
  },
  ...['Icmp', 'Esp', 'Ah'].map((protocol) => ({
    name: `ports of ${protocol}`,
    rule: { protocol, destinationPortRange: '80' },
    code: 'ports-need-protocol',
    path: 'securityRules[0].protocol',
    says: new RegExp(protocol),
  })),
  ...['Sctp', 'Icmpv6', '6', 'All'].map((protocol) => ({
    name: `protocol ${protocol}, which no group of Azure names`,
    rule: { protocol },
    code: 'protocol-unknown',
    path: 'securityRules[0].protocol',
    says: new RegExp(protocol),
  })),
  ...([99, 4097, -1, 65_000] as const).map((priority) => ({
    name: `priority ${priority}`,
    rule: { priority },
    code: 'priority-range',
    path: 'securityRules[0].priority',
    says: /100 to 4096/,
  })),
  {
    name: 'a priority that is no whole number',
    rule: { priority: 100.5 },
    code: 'type',
    path: 'securityRules[0].priority',
    says: /number/,
  },
  {
    name: 'a priority that is a text',
    rule: { priority: '100' },
    code: 'type',
    path: 'securityRules[0].priority',
    says: /number/,
  },
];

const group = securityGroup([{ priority: 100 }]);
const { name: _, securityRules, defaultSecurityRules, ...rest } = group;
const ofRest = { name: 'edge', id: group.id, type: group.type, properties: { securityRules, defaultSecurityRules } };

/** Whole files that are no groups as az prints them. */
const badFiles: readonly (readonly [name: string, file: unknown, says: RegExp])[] = [
  ['the answer of the REST API', ofRest, /as the REST API/],
  ['a list of the REST API', { value: [ofRest, ofRest] }, /as the REST API/],
  ['a resource as az resource show prints it', { ...ofRest, kind: null, sku: null }, /as the REST API/],
  ['a resource of a template', { ...ofRest, apiVersion: '2024-03-01' }, /templates/],
  [
    'a template',
    {
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      resources: [ofRest],
    },
    /ARM/,
  ],
  [
    'effective rules',
    { value: [{ effectiveSecurityRules: [], networkSecurityGroup: { id: 'x' } }] },
    /effective rules/,
  ],
  ['effective rules of one group', { effectiveSecurityRules: [] }, /effective rules/],
  ['what az has just made', { NewNSG: group }, /just made/],
  ['the rules alone, as az network nsg rule list prints them', securityRules, /a rule of one/],
  ['groups and something else', [group, { name: 'x', subnets: [] }], /neither/],
  ['a list in a list', [[group]], /neither/],
  ['rules that are no list', { ...group, securityRules: {} }, /no securityRules/],
  ['a name that is none', { ...rest, name: 7, securityRules, defaultSecurityRules }, /no name/],
  ['no default rules at all', { ...group, defaultSecurityRules: [] }, /no inbound rule/],
];

describe('forms of network security groups', () => {
  for (const { name, rule, code, path, says } of badRules)
    it(`refuses ${name} with one error, by its place`, () => {
      const text = JSON.stringify(securityGroup([{ priority: 100, ...rule } as GivenRule]), null, 2);
      const errors = readSite(text).findings.filter(({ severity }) => severity === 'error');
      assert.deepEqual(
        errors.map((each) => [each.code, each.path]),
        [[code, path]],
      );
      const [{ message, fix, line }] = errors as [(typeof errors)[0]];
      assert.match(message, says);
      assert.notEqual(fix, '');
      const [, field = ''] = /\.([A-Za-z]+)(\[\d+\])?$/.exec(path) ?? [];
      assert.match(text.split('\n').slice(0, line).slice(-3).join('\n'), new RegExp(field));
    });

  for (const [name, file, says] of badFiles)
    it(`refuses ${name} with one error`, () => {
      const { findings, hasErrors } = readSite(JSON.stringify(file, null, 2));
      assert.deepEqual(
        findings.map(({ code }) => code),
        ['nsg-form'],
      );
      assert.match(findings[0]!.message, says);
      assert.match(findings[0]!.fix, /az network nsg show/);
      assert.equal(hasErrors, true);
    });

  it('refuses two groups of one name and resource group', () => {
    const { findings } = readSite(JSON.stringify([group, group], null, 2), usualTags);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['duplicate-document'],
    );
  });
});
