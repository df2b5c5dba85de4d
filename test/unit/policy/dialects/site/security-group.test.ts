import assert from 'node:assert/strict';
import { type GivenRule, securityGroup } from '../../../../support/security-group.ts';
import { type Asked, askSite, readSite, usualTags } from '../../../../support/site-layer.ts';

const text = (...args: Parameters<typeof securityGroup>): string => JSON.stringify(securityGroup(...args), null, 2);

const pod = '10.1.0.7';
const other = '10.2.0.9';
const world = '203.0.113.9';
const into = (from: string, more: Partial<Asked> = {}): Asked => ({ from, to: pod, ...more });
const out = (to: string, more: Partial<Asked> = {}): Asked => ({ from: pod, to, ...more });

describe('securityGroupReader', () => {
  const cases: readonly {
    readonly name: string;
    readonly rules: readonly GivenRule[];
    readonly asks: readonly (readonly [Asked, string])[];
  }[] = [
    {
      name: 'has the default rules behind all others (65000 to 65500)',
      rules: [],
      asks: [
        [into(other), 'allow 0'],
        [into('168.63.129.16'), 'allow 1'],
        [into(world), 'deny 2'],
        [out(other), 'allow 3'],
        [out(world), 'allow 4'],
        [into('fd00::1'), 'deny 2'],
      ],
    },
    {
      name: 'asks the lower priority first, wherever it stands in the file',
      rules: [
        { priority: 200, access: 'Deny' },
        { priority: 100, sourceAddressPrefix: '203.0.113.0/24' },
        { priority: 4096 },
      ],
      asks: [
        [into(world), 'allow 1'],
        [into('198.51.100.1'), 'deny 0'],
      ],
    },
    {
      name: 'keeps the directions apart, one priority in both',
      rules: [
        { priority: 100, access: 'Deny', direction: 'Inbound' },
        { priority: 100, direction: 'Outbound', destinationPortRange: '443' },
      ],
      asks: [
        [into(other), 'deny 0'],
        [out(world), 'allow 1'],
        [out(other, { port: 80 }), 'allow 5'],
      ],
    },
    {
      name: 'asks outbound, then inbound, of two within what it guards',
      rules: [{ priority: 100, access: 'Deny', destinationPortRange: '22' }],
      asks: [
        [{ from: pod, to: '10.1.9.9', port: 22 }, 'deny 0'],
        [{ from: pod, to: '10.1.9.9' }, 'allow 4'],
      ],
    },
    {
      name: 'has nothing to do with others than it guards',
      rules: [
        { priority: 100, access: 'Deny' },
        { priority: 100, access: 'Deny', direction: 'Outbound' },
      ],
      asks: [
        [{ from: world, to: other }, 'allow'],
        [{ from: world, to: pod }, 'deny 0'],
        [{ from: pod, to: other }, 'deny 1'],
      ],
    },
    {
      name: 'reads ports in the single and in the plural form, both ends included',
      rules: [
        { priority: 100, destinationPortRange: '8000-8010' },
        { priority: 110, destinationPortRange: '', destinationPortRanges: ['22', '9000-9001'] },
        { priority: 120, destinationPortRange: null, destinationPortRanges: ['53'], protocol: 'Udp' },
        { priority: 130, sourcePortRange: '1024-1025' },
      ],
      asks: [
        [into(world, { port: 8000 }), 'allow 0'],
        [into(world, { port: 8010 }), 'allow 0'],
        [into(world, { port: 8011 }), 'deny 6'],
        [into(world, { port: 22 }), 'allow 1'],
        [into(world, { port: 9001 }), 'allow 1'],
        [into(world, { port: 53 }), 'deny 6'],
        [into(world, { port: 53, protocol: 17 }), 'allow 2'],
        [into(world, { sourcePort: 1025 }), 'allow 3'],
      ],
    },
    {
      name: 'reads protocols by name, in any case, and * as every one',
      rules: [
        { priority: 100, protocol: 'TCP', sourceAddressPrefix: '192.0.2.1' },
        { priority: 110, protocol: 'Icmp', sourceAddressPrefix: '192.0.2.2' },
        { priority: 120, protocol: 'Esp', sourceAddressPrefix: '192.0.2.3' },
        { priority: 130, protocol: '*', sourceAddressPrefix: '192.0.2.4' },
      ],
      asks: [
        [into('192.0.2.1'), 'allow 0'],
        [into('192.0.2.1', { protocol: 17 }), 'deny 6'],
        [into('192.0.2.2'), 'deny 6'],
        [into('192.0.2.2', { protocol: 1 }), 'allow 1'],
        [into('192.0.2.3', { protocol: 50 }), 'allow 2'],
        [into('192.0.2.4', { protocol: 17 }), 'allow 3'],
      ],
    },
    {
      name: 'reads addresses in both forms: one, a range, * and 0.0.0.0/0 for all',
      rules: [
        { priority: 100, sourceAddressPrefix: '', sourceAddressPrefixes: ['192.0.2.1', '198.51.100.0/24'] },
        { priority: 110, access: 'Deny', sourceAddressPrefix: '0.0.0.0/0', destinationPortRange: '1' },
      ],
      asks: [
        [into('192.0.2.1'), 'allow 0'],
        [into('192.0.2.2'), 'deny 4'],
        [into('198.51.100.200'), 'allow 0'],
        [into('fd00::1', { port: 1 }), 'deny 1'],
        [into('::ffff:198.51.100.1'), 'allow 0'],
      ],
    },
    {
      name: 'takes service tags for what the configuration says, in any case',
      rules: [{ priority: 100, access: 'Deny', direction: 'Outbound', destinationAddressPrefix: 'internet' }],
      asks: [
        [out(world), 'deny 0'],
        [out(other), 'allow 4'],
      ],
    },
  ];
  for (const { name, rules, asks } of cases) {
    it(name, () => {
      const ask = askSite([text(rules)]);
      assert.deepEqual(
        asks.map(([asked]) => ask(asked)),
        asks.map(([, want]) => want),
      );
    });
  }

  it('asks every group that guards an end', () => {
    const first = text([{ priority: 100, destinationPortRange: '443' }]);
    const second = text([{ priority: 100, access: 'Deny', sourceAddressPrefix: world }], { name: 'inner' });
    const ask = askSite([first, second]);
    assert.equal(ask(into(world)), 'deny 0');
    assert.equal(ask(into('198.51.100.1')), 'deny 3');
    assert.equal(ask(into(other)), 'allow 0');
  });

  it('reads a list of groups, as az network nsg list prints it', () => {
    const { documents, findings } = readSite(JSON.stringify([securityGroup([]), securityGroup([], { name: 'two' })]));
    assert.deepEqual(findings, []);
    assert.deepEqual(
      documents.map(({ name }) => name),
      ['shop/edge', 'shop/two'],
    );
  });

  it('knows the addresses of application security groups that it is told', () => {
    const groups = [
      { id: '/subscriptions/s/resourceGroups/shop/providers/Microsoft.Network/applicationSecurityGroups/web' },
    ];
    const rule = { priority: 100, sourceAddressPrefix: null, sourceApplicationSecurityGroups: groups };
    const options = { ...usualTags, applicationSecurityGroups: { Web: ['192.0.2.0/28'] } };
    const ask = askSite([text([rule])], options);
    assert.equal(ask(into('192.0.2.3')), 'allow 0');
    assert.equal(ask(into('192.0.2.99')), 'deny 3');
    const { findings } = readSite(text([rule]));
    assert.deepEqual(
      findings.map(({ code, path }) => [code, path]),
      [['group-unread', 'securityRules[0].sourceApplicationSecurityGroups[0]']],
    );
    assert.match(findings[0]!.fix, /applicationSecurityGroups: \{ web:/);
  });

  const group = securityGroup([{ priority: 100 }]);
  const { securityRules, defaultSecurityRules, ...bare } = group;
  const [rule] = securityRules;
  const whole = JSON.stringify(group, null, 2);
  const bad: readonly { name: string; text: string; options?: object; code: string; says: RegExp; path?: string }[] = [
    { name: 'an empty file', text: '', code: 'not-a-document', says: /no document/ },
    { name: 'a file of null', text: 'null\n', code: 'not-a-document', says: /no document/ },
    { name: 'what az says of an error', text: 'ERROR: (ResourceNotFound) no group', code: 'nsg-form', says: /neither/ },
    { name: 'an empty list', text: '[]', code: 'nsg-form', says: /empty/ },
    { name: 'something else', text: '{"name":"x","subnets":[]}', code: 'nsg-form', says: /neither/ },
    {
      name: 'the form of the REST API',
      text: JSON.stringify({ name: 'edge', properties: { securityRules: [] } }),
      code: 'nsg-form',
      says: /REST/,
    },
    {
      name: "PowerShell's form",
      text: JSON.stringify({ Name: 'edge', SecurityRules: [] }),
      code: 'nsg-form',
      says: /PowerShell/,
    },
    {
      name: 'no default rules',
      text: JSON.stringify({ ...bare, securityRules }),
      code: 'nsg-form',
      says: /no defaultSecurityRules/,
    },
    {
      name: 'no rule that catches the rest',
      text: JSON.stringify({ ...group, defaultSecurityRules: defaultSecurityRules.slice(0, 5) }),
      code: 'nsg-form',
      says: /no outbound rule/,
    },
    { name: 'nobody says what it guards', text: whole, options: {}, code: 'subnets-missing', says: /shop\/edge/ },
    {
      name: 'a tag that nobody explains',
      text: text([{ priority: 100, sourceAddressPrefix: 'Storage.WestEurope' }]),
      code: 'tag-unknown',
      path: 'securityRules[0].sourceAddressPrefix',
      says: /"Storage\.WestEurope"/,
    },
    {
      name: 'a tag that is called as something else is',
      text: text([{ priority: 100, sourceAddressPrefix: 'constructor' }]),
      code: 'tag-unknown',
      says: /constructor/,
    },
    {
      name: 'a priority of no rule of ours',
      text: text([{ priority: 99 }]),
      code: 'priority-range',
      says: /100 to 4096/,
    },
    {
      name: 'two of one priority and direction',
      text: text([
        { priority: 100, name: 'a' },
        { priority: 100, name: 'b' },
      ]),
      code: 'priority-repeated',
      says: /a and b/,
    },
    {
      name: 'another direction',
      text: text([{ priority: 100, direction: 'Sideways' }]),
      code: 'enum',
      says: /Sideways/,
    },
    { name: 'another access', text: text([{ priority: 100, access: 'Audit' }]), code: 'enum', says: /Audit/ },
    {
      name: 'another protocol',
      text: text([{ priority: 100, protocol: 'Quic' }]),
      code: 'protocol-unknown',
      says: /Quic/,
    },
    {
      name: 'ports backwards',
      text: text([{ priority: 100, destinationPortRange: '90-80' }]),
      code: 'port-invalid',
      says: /90-80/,
    },
    {
      name: 'both forms at once',
      text: text([{ priority: 100, destinationPortRanges: ['80'] }]),
      code: 'nsg-form',
      says: /both destinationPortRange and/,
    },
    {
      name: 'no addresses at all',
      text: text([{ priority: 100, sourceAddressPrefix: null }]),
      code: 'field-missing',
      says: /sourceAddressPrefix/,
    },
    {
      name: 'a field of tomorrow',
      text: JSON.stringify({ ...group, securityRules: [{ ...rule, schedule: 'nights' }] }),
      code: 'unknown-field',
      path: 'securityRules[0].schedule',
      says: /schedule/,
    },
    {
      name: 'another kind of document',
      text: 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a, namespace: b }\nspec: {}\n',
      code: 'kind-unknown',
      says: /no business/,
    },
  ];
  for (const { name, text: written, options, code, says, path } of bad) {
    it(`refuses ${name} with one error`, () => {
      const { findings, hasErrors } = readSite(written, options ?? usualTags);
      const errors = findings.filter(({ severity }) => severity === 'error');
      assert.equal(hasErrors, true);
      assert.deepEqual(
        errors.map((each) => each.code),
        [code],
      );
      assert.match(errors[0]!.message, says);
      assert.notEqual(errors[0]!.fix, '');
      if (path !== undefined) assert.equal(errors[0]!.path, path);
    });
  }

  it('refuses a file that is cut short, wherever it was cut, with one error', () => {
    for (const file of [whole, JSON.stringify(group)])
      for (let at = 1; at < file.length; at += 89) {
        const { findings, documents } = readSite(file.slice(0, at));
        const errors = findings.filter(({ severity }) => severity === 'error');
        assert.equal(errors.length, 1, `cut at ${at}: ${JSON.stringify(errors)}`);
        assert.deepEqual(documents, []);
      }
  });

  it('warns of a rule that Azure has not put in force', () => {
    const { findings } = readSite(text([{ priority: 100, provisioningState: 'Failed' }]));
    assert.deepEqual(
      findings.map(({ code, severity }) => [code, severity]),
      [['nsg-unsettled', 'warning']],
    );
  });
});
