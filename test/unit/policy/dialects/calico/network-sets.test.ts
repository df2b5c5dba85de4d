import assert from 'node:assert/strict';
import { encodeRequestForm } from '../../../../../src/analysis/request-form.ts';
import { calicoCheck } from '../../../../differential/calico-player.ts';

const pod = (name: string, address: string): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { serviceAccountName: ${name} }
status: { phase: Running, podIPs: [{ ip: "${address}" }] }
`;
const set = (kind: string, label: string, ...nets: readonly string[]): string => `---
apiVersion: projectcalico.org/v3
kind: ${kind}
metadata: { name: "${label}-${kind.toLowerCase()}", ${kind === 'NetworkSet' ? 'namespace: shop, ' : ''}labels: { net: ${label} } }
spec: { nets: ${JSON.stringify(nets)} }
`;
const policy = (rules: string, kind = 'GlobalNetworkPolicy'): string => `---
apiVersion: projectcalico.org/v3
kind: ${kind}
metadata: { name: p${kind === 'NetworkPolicy' ? ', namespace: shop' : ''} }
spec: { selector: app == 'cart', ingress: [${rules}] }
`;
const deny = "{ action: Deny, source: { selector: net == 'bad' } }, { action: Allow }";

interface Case {
  readonly name: string;
  readonly documents: string;
  readonly from: string;
  readonly to?: string;
  readonly principal?: string;
  readonly want: boolean;
}

const global = (...nets: readonly string[]): string => set('GlobalNetworkSet', 'bad', ...nets) + policy(deny);
const cases: readonly Case[] = [
  { name: 'an address in a range', documents: global('203.0.113.0/24'), from: '203.0.113.7', want: false },
  { name: 'the first of a range', documents: global('203.0.113.0/24'), from: '203.0.113.0', want: false },
  { name: 'the last of a range', documents: global('203.0.113.0/24'), from: '203.0.113.255', want: false },
  { name: 'an address beside a range', documents: global('203.0.113.0/24'), from: '203.0.114.0', want: true },
  { name: 'a range with host bits', documents: global('203.0.113.9/24'), from: '203.0.113.7', want: false },
  { name: 'half of all', documents: global('128.0.0.0/1'), from: '203.0.113.7', want: false },
  { name: 'a range of one', documents: global('203.0.113.7/32'), from: '203.0.113.7', want: false },
  { name: 'a range of two', documents: global('203.0.113.6/31'), from: '203.0.113.7', want: false },
  { name: 'a bare address', documents: global('203.0.113.7'), from: '203.0.113.7', want: false },
  { name: 'all of IPv4', documents: global('0.0.0.0/0'), from: '203.0.113.7', want: false },
  { name: 'all of IPv4 and a caller of IPv6', documents: global('0.0.0.0/0'), from: '2001:db8::7', want: true },
  { name: 'all of IPv6', documents: global('::/0'), from: '2001:db8::7', want: false },
  { name: 'all of IPv6 and a caller of IPv4', documents: global('::/0'), from: '203.0.113.7', want: true },
  { name: 'an IPv6 range', documents: global('2001:db8::/32'), from: '2001:db8:1::7', want: false },
  { name: 'an odd IPv6 range', documents: global('2001:db8::/61'), from: '2001:db8:0:7::7', want: false },
  { name: 'beside an odd IPv6 range', documents: global('2001:db8::/61'), from: '2001:db8:0:8::7', want: true },
  { name: 'an IPv6 range of one', documents: global('2001:db8::7/128'), from: '2001:db8::7', want: false },
  { name: 'a mapped caller', documents: global('203.0.113.0/24'), from: '::ffff:203.0.113.7', want: false },
  { name: 'a mapped range', documents: global('::ffff:203.0.113.0/120'), from: '203.0.113.7', want: false },
  { name: 'a mapped range of one', documents: global('::ffff:203.0.113.7/128'), from: '203.0.113.7', want: false },
  { name: 'a mapped bare address', documents: global('::ffff:cb00:7107'), from: '203.0.113.7', want: false },
  { name: 'all of mapped IPv4', documents: global('::ffff:0:0/96'), from: '203.0.113.7', want: false },
  { name: 'mapped on both sides', documents: global('::ffff:203.0.113.0/120'), from: '::ffff:203.0.113.7', want: false },
  { name: 'two sets, the wider of another label', documents: set('GlobalNetworkSet', 'good', '203.0.0.0/16') + global('203.0.113.0/24'), from: '203.0.113.7', want: false },
  { name: 'two sets, the narrower of another label', documents: set('GlobalNetworkSet', 'good', '203.0.113.7/32') + global('203.0.0.0/16'), from: '203.0.113.7', want: false },
  { name: 'two sets, the same range', documents: set('GlobalNetworkSet', 'good', '203.0.113.0/24') + global('203.0.113.0/24'), from: '203.0.113.7', want: false },
  { name: 'a pod in a range', documents: global('10.0.0.0/8'), from: '10.0.0.2', principal: 'web', want: false },
  { name: 'a set in a namespace, a policy of it', documents: set('NetworkSet', 'bad', '203.0.113.0/24') + policy(deny, 'NetworkPolicy'), from: '203.0.113.7', want: false },
  { name: 'a set in a namespace, a global policy', documents: set('NetworkSet', 'bad', '203.0.113.0/24') + policy(deny), from: '203.0.113.7', want: false },
  { name: 'a global set is not in the namespace of a policy', documents: set('GlobalNetworkSet', 'bad', '203.0.113.0/24') + policy(deny, 'NetworkPolicy'), from: '203.0.113.7', want: true },
  { name: 'a global set by global()', documents: set('GlobalNetworkSet', 'bad', '203.0.113.0/24') + policy("{ action: Deny, source: { selector: net == 'bad', namespaceSelector: global() } }, { action: Allow }", 'NetworkPolicy'), from: '203.0.113.7', want: false },
  { name: 'a set in a namespace by its namespace', documents: set('NetworkSet', 'bad', '203.0.113.0/24') + policy("{ action: Deny, source: { selector: net == 'bad', namespaceSelector: projectcalico.org/name == 'shop' } }, { action: Allow }"), from: '203.0.113.7', want: false },
  { name: 'all but a range', documents: set('GlobalNetworkSet', 'good', '203.0.113.0/24') + policy("{ action: Deny, source: { notSelector: net == 'good' } }, { action: Allow }"), from: '203.0.113.7', want: true },
  { name: 'all but another range', documents: set('GlobalNetworkSet', 'good', '203.0.113.0/24') + policy("{ action: Deny, source: { notSelector: net == 'good' } }, { action: Allow }"), from: '203.0.114.7', want: false },
  { name: 'an allowed range', documents: set('GlobalNetworkSet', 'good', '203.0.113.0/24') + policy("{ action: Allow, source: { selector: net == 'good' } }"), from: '203.0.113.7', want: true },
  { name: 'the destination in a range', documents: set('GlobalNetworkSet', 'bad', '10.0.0.0/30') + policy("{ action: Deny, destination: { selector: net == 'bad' } }, { action: Allow }"), from: '203.0.113.7', want: false },
  { name: 'the destination in a mapped range', documents: set('GlobalNetworkSet', 'bad', '::ffff:10.0.0.0/126') + policy("{ action: Deny, destination: { selector: net == 'bad' } }, { action: Allow }"), from: '203.0.113.7', want: false },
  { name: 'mapped nets of a rule', documents: policy("{ action: Deny, source: { nets: ['::ffff:203.0.113.0/120'] } }, { action: Allow }"), from: '203.0.113.7', want: false },
  { name: 'mapped nets of a rule, a caller outside', documents: policy("{ action: Deny, source: { nets: ['::ffff:203.0.113.0/120'] } }, { action: Allow }"), from: '203.0.114.7', want: true },
  { name: 'all but mapped nets of a rule', documents: policy("{ action: Allow, source: { notNets: ['::ffff:203.0.113.0/120'] } }"), from: '203.0.113.7', want: false },
]; // biome-ignore format: rows

describe('ranges of network sets', () => {
  const registry = pod('cart', '10.0.0.1') + pod('web', '10.0.0.2');
  for (const plane of ['calico', 'l4'] as const) {
    for (const absence of ['upstream', 'strict'] as const) {
      for (const { name, documents, from, principal, want } of cases) {
        it(`${name}: ${want ? 'passes' : 'is denied'} (${plane}, ${absence})`, () => {
          const { check, findings } = calicoCheck(documents, registry, absence, { calico: 'off', l4: 'off', [plane]: 'enforce' }); // biome-ignore format: a row
          assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), []); // biome-ignore format: a row
          const request = encodeRequestForm({
            source: { principal: principal === undefined ? '' : `spiffe://cluster.local/ns/shop/sa/${principal}`, address: from }, // biome-ignore format: a row
            destination: { principal: 'spiffe://cluster.local/ns/shop/sa/cart', address: '10.0.0.1', port: 8080 },
            http: { method: 'GET', path: '/' },
          });
          assert.equal(check(request).status?.code === 0, want);
        });
      }
    }
  }
});
