import assert from 'node:assert/strict';
import { type Asked, askSite, readSite } from '../../../../support/site-layer.ts';

const document = (rules: string, otherwise = 'deny', name = 'corporate'): string => `apiVersion: site.gatehouse.dev/v1
kind: SiteRules
metadata: { name: ${name} }
spec:
  default: ${otherwise}
  rules:${rules}
`;
const asked = (from: string, to: string, more: Partial<Asked> = {}): Asked => ({ from, to, ...more });

const firewall = document(`
  - { name: no-telnet, priority: 10, action: deny, protocols: [TCP], ports: [23, 2000-2010] }
  - { name: rest-of-web, priority: 30, action: allow, from: [10.0.0.0/8, "fd00::/8"] }
  - { name: names, priority: 20, action: allow, to: [192.0.2.53], protocols: [UDP, 132], ports: [53] }
  - { name: from-low-ports, priority: 5, action: deny, sourcePorts: [1-1023], to: [10.9.0.0/16] }`);

describe('siteRulesReader', () => {
  it('asks rules by priority, the lower first, and then the default', () => {
    const ask = askSite([firewall]);
    const cases: readonly (readonly [Asked, string])[] = [
      [asked('10.1.1.1', '192.0.2.1'), 'allow 1'],
      [asked('10.1.1.1', '192.0.2.1', { port: 23 }), 'deny 0'],
      [asked('10.1.1.1', '192.0.2.1', { port: 2010 }), 'deny 0'],
      [asked('10.1.1.1', '192.0.2.1', { port: 23, protocol: 17 }), 'allow 1'],
      [asked('fd00::7', '2001:db8::1'), 'allow 1'],
      [asked('192.0.2.7', '192.0.2.53', { port: 53, protocol: 17 }), 'allow 2'],
      [asked('192.0.2.7', '192.0.2.53', { port: 53, protocol: 132 }), 'allow 2'],
      [asked('192.0.2.7', '192.0.2.53', { port: 53 }), 'deny 4'],
      [asked('10.1.1.1', '10.9.0.1', { sourcePort: 1023 }), 'deny 3'],
      [asked('192.0.2.7', '10.9.0.1'), 'deny 4'],
    ];
    assert.deepEqual(
      cases.map(([each]) => ask(each)),
      cases.map(([, want]) => want),
    );
  });

  it('allows by default where it says so', () => {
    assert.equal(askSite([document(' []', 'allow')])(asked('192.0.2.1', '10.0.0.1')), 'allow 0');
  });

  it('lets pass what all documents let pass', () => {
    const second = document('\n  - { name: a, priority: 1, action: deny, to: [192.0.2.53] }', 'allow', 'second');
    const ask = askSite([firewall, second]);
    assert.equal(ask(asked('10.1.1.1', '192.0.2.53')), 'deny 0');
    assert.equal(ask(asked('10.1.1.1', '192.0.2.54')), 'allow 1');
    assert.equal(ask(asked('192.0.2.7', '192.0.2.54')), 'deny 4');
  });

  const one = (fields: string): string => document(`\n  - { name: a, priority: 1, action: allow, ${fields} }`);
  const bad: readonly { readonly name: string; readonly text: string; readonly code: string; readonly path: string }[] =
    [
      { name: 'an emptied list of callers', text: one('from: []'), code: 'too-few', path: 'spec.rules[0].from' },
      { name: 'an emptied list of ports', text: one('ports: []'), code: 'too-few', path: 'spec.rules[0].ports' },
      {
        name: 'a list of callers of which nothing is left',
        text: one('from: '),
        code: 'type',
        path: 'spec.rules[0].from',
      },
      { name: 'a list of ports that is null', text: one('ports: null'), code: 'type', path: 'spec.rules[0].ports' },
      { name: 'protocols that are null', text: one('protocols: ~'), code: 'type', path: 'spec.rules[0].protocols' },
      { name: 'no network', text: one('to: [10.0.0.0/33]'), code: 'net-invalid', path: 'spec.rules[0].to[0]' },
      { name: 'no port', text: one('ports: [70000]'), code: 'port-invalid', path: 'spec.rules[0].ports[0]' },
      {
        name: 'no protocol',
        text: one('protocols: [QUIC]'),
        code: 'protocol-unknown',
        path: 'spec.rules[0].protocols[0]',
      },
      {
        name: 'ports of what has none',
        text: one('protocols: [TCP, ICMP], ports: [80]'),
        code: 'ports-need-protocol',
        path: 'spec.rules[0].ports',
      },
      {
        name: 'a field that it does not know',
        text: one('form: []'),
        code: 'unknown-field',
        path: 'spec.rules[0].form',
      },
      {
        name: 'two rules of one priority',
        text: document('\n  - { name: a, priority: 1, action: allow }\n  - { name: b, priority: 1, action: deny }'),
        code: 'priority-repeated',
        path: 'spec.rules[1].priority',
      },
      {
        name: 'two rules of one name',
        text: document('\n  - { name: a, priority: 1, action: allow }\n  - { name: a, priority: 2, action: deny }'),
        code: 'name-repeated',
        path: 'spec.rules[1].name',
      },
      { name: 'another effect', text: document(' []', 'drop'), code: 'enum', path: 'spec.default' },
      {
        name: 'no default',
        text: document(' []').replace('  default: deny\n', ''),
        code: 'field-missing',
        path: 'spec.default',
      },
      { name: 'no spec', text: firewall.slice(0, firewall.indexOf('spec')), code: 'field-missing', path: 'spec' },
      { name: 'another version', text: firewall.replace('/v1', '/v2'), code: 'version-unknown', path: 'apiVersion' },
      { name: 'a misspelt kind', text: firewall.replace('SiteRules', 'SiteRule'), code: 'kind-unknown', path: 'kind' },
    ];
  for (const { name, text, code, path } of bad) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(
        readSite(text).findings.map((each) => [each.code, each.path]),
        [[code, path]],
      );
    });
  }

  it('names the place of a rule', () => {
    const { findings } = readSite(one('to: [nowhere]'), undefined, 'firewall.yaml');
    assert.deepEqual([findings[0]?.file, findings[0]?.line], ['firewall.yaml', 7]);
  });
});
