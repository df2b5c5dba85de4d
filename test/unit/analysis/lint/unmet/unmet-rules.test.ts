import assert from 'node:assert/strict';
import type { LintFinding } from '../../../../../src/analysis/lint/scene/lint-finding.ts';
import { calico, istio, network, pod, unmetOf } from '../../../../support/unmet.ts';

const registry = [
  pod('cart', '10.0.0.1'),
  pod('web', '10.0.0.2', { tier: 'front', version: 'v1' }),
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'front' } },
  { ...pod('edge', '10.0.0.3'), metadata: { name: 'edge', namespace: 'front', labels: { app: 'edge' } } },
];
const peers = (...from: readonly object[]): object => network({ ingress: [{ from, ports: [{ port: 8080 }] }] });
const app = (name: string): object => ({ podSelector: { matchLabels: { app: name } } });
const ingress = (source: object, more: object = {}): object =>
  calico({ ingress: [{ action: 'Allow', protocol: 'TCP', source, ...more }] });
const source = (one: object, more: object = {}): object => istio({ rules: [{ from: [{ source: one }], ...more }] });
const ports = (...values: readonly string[]): object => istio({ rules: [{ to: [{ operation: { ports: values } }] }] });
const web = 'cluster.local/ns/shop/sa/web';
const warning = 'warning';
const hint = 'hint';
const unread = ['monitoring.coreos.com/Prometheus'];

const told: readonly { name: string; input: object; besides?: readonly object[]; unread?: readonly string[]; want: readonly [string, RegExp] }[] = [
  { name: 'a peer of Kubernetes that is misspelt', input: peers(app('wbe')), want: [warning, /^rule 0 .*none has label app=wbe.*did you mean app: web\?/] },
  { name: 'a label whose key is misspelt', input: peers({ podSelector: { matchLabels: { teir: 'front' } } }), want: [warning, /did you mean tier: front\?/] },
  { name: 'a misspelt peer, whatever else makes pods', input: peers(app('wbe')), unread, want: [warning, /app=wbe/] },
  { name: 'one peer of two', input: peers(app('web'), app('batch')), want: [hint, /^part of rule 0 .*app=batch/] },
  { name: 'two peers, once', input: peers(app('wbe'), app('batch')), want: [warning, /app=wbe.*; .*app=batch/] },
  { name: 'a peer that lives in another namespace', input: peers(app('edge')), want: [hint, /app=edge/] },
  { name: 'a peer of a namespace that has others', input: peers({ ...app('web'), namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'front' } } }), want: [hint, /app=web/] },
  { name: 'a label that nobody has yet', input: peers({ podSelector: { matchLabels: { client: 'yes' } } }), want: [hint, /client=yes/] },
  { name: 'another version', input: peers({ podSelector: { matchLabels: { version: 'v2' } } }), want: [hint, /version=v2.*correct the labels/] },
  { name: 'whom a rule lets out to', input: network({ policyTypes: ['Egress'], egress: [{ to: [app('wbe')] }] }), want: [warning, /app=wbe/] },
  { name: 'a selector of Calico', input: ingress({ selector: "app == 'wbe'" }), want: [warning, /app=wbe/] },
  { name: 'a Deny of Calico that is misspelt', input: calico({ ingress: [{ action: 'Deny', source: { selector: "app == 'wbe'" } }] }), want: [warning, /app=wbe/] },
  { name: 'callers of Calico that notSelector takes away', input: ingress({ selector: "app in {'web','batch'}", notSelector: "app == 'web'" }), want: [hint, /app/] },
  { name: 'a network set of the cluster, which peers of a namespace are not', input: ingress({ selector: "kind == 'office'" }), besides: [{ apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkSet', metadata: { name: 'office', labels: { kind: 'office' } }, spec: { nets: ['192.0.2.0/24'] } }], want: [hint, /kind=office/] },
  { name: 'a port of Istio on which nobody listens', input: ports('9090'), want: [hint, /no selected workload declares .* port 9090/] },
  { name: 'a port of Kubernetes on which nobody listens', input: network({ ingress: [{ ports: [{ port: 9090 }] }] }), want: [hint, /on port 9090/] },
  { name: 'ports of Calico on which nobody listens', input: ingress({}, { destination: { ports: [9000, 7000] } }), want: [hint, /9000, 7000|7000, 9000/] },
  { name: 'a principal of one namespace in another', input: source({ principals: [web], namespaces: ['front'] }), want: [warning, /no one name/] },
  { name: 'principals of a namespace in another', input: source({ principals: ['cluster.local/ns/shop/*'], namespaces: ['front'] }), want: [warning, /no one name/] },
  { name: 'an account of one namespace in another', input: istio({ action: 'DENY', rules: [{ from: [{ source: { principals: [web] } }], when: [{ key: 'source.namespace', values: ['front'] }] }] }), want: [warning, /no one name/] },
  { name: 'a principal of which what is left is excluded', input: source({ principals: [web, 'cluster.local/ns/front/sa/edge'], namespaces: ['front'], notPrincipals: ['cluster.local/ns/front/sa/edge'] }), want: [warning, /excluded as well/] },
  { name: 'one source of two', input: istio({ rules: [{ from: [{ source: { principals: [web], namespaces: ['front'] } }, { source: { namespaces: ['shop'] } }] }] }), want: [warning, /^part of/] },
]; // biome-ignore format: a table

const silent: readonly { name: string; input: object; besides?: readonly object[]; more?: readonly object[]; others?: readonly object[]; unread?: readonly string[] }[] = [
  { name: 'peers that are there', input: peers(app('web'), { namespaceSelector: {} }) },
  { name: 'all pods of a namespace', input: peers({ podSelector: {} }) },
  { name: 'addresses', input: peers({ ipBlock: { cidr: '192.0.2.0/24' } }) },
  { name: 'a namespace of which the registry has no workload', input: peers({ ...app('wbe'), namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'empty' } } }), others: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'empty' } }] },
  { name: 'what an installer brings', input: network({ policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }] }] }), others: [{ ...pod('proxy', '10.0.0.9'), metadata: { name: 'proxy', namespace: 'kube-system', labels: { 'k8s-app': 'kube-proxy' } } }] },
  { name: 'a namespace that is told by itself', input: peers({ ...app('web'), namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'fornt' } } }) },
  { name: 'a network set', input: ingress({ selector: "kind == 'office'" }), besides: [{ apiVersion: 'projectcalico.org/v3', kind: 'NetworkSet', metadata: { name: 'office', namespace: 'shop', labels: { kind: 'office' } }, spec: { nets: ['192.0.2.0/24'] } }] },
  { name: 'a label that nobody has yet, where something makes pods', input: peers(app('batch')), unread },
  { name: 'a Deny of what nobody has yet', input: calico({ ingress: [{ action: 'Deny', source: { selector: "quarantine == 'true'" } }] }) },
  { name: 'a Deny of a port on which nobody listens', input: calico({ ingress: [{ action: 'Deny', protocol: 'TCP', destination: { ports: [22] } }] }) },
  { name: 'a range of ports', input: ingress({}, { destination: { ports: ['9000:9100'] } }) },
  { name: 'what is no pod, by negation', input: ingress({ selector: "app != 'wbe'" }) },
  { name: 'a policy that selects nothing', input: network({ podSelector: { matchLabels: { app: 'crat' } }, ingress: [{ from: [app('wbe')] }] }) },
  { name: 'an account that is told by itself', input: source({ principals: ['cluster.local/ns/shop/sa/wbe'] }) },
  { name: 'a principal in its namespace', input: source({ principals: [web], namespaces: ['shop', 'front'] }) },
  { name: 'principals of which one fits', input: source({ principals: [web, 'cluster.local/ns/front/sa/edge'], namespaces: ['front'] }) },
  { name: 'a principal of any namespace in one', input: source({ principals: ['*'], namespaces: ['front'] }) },
  { name: 'an account that is excluded beside others', input: source({ namespaces: ['shop'], notPrincipals: [web] }) },
  { name: 'a port on which somebody listens', input: ports('9090', '8080') },
  { name: 'the ports of the sidecar', input: ports('15021') },
  { name: 'a port where somebody does not say', input: istio({ rules: [{ to: [{ operation: { ports: ['9090'] } }] }], selector: undefined }), others: [{ ...pod('dark', '10.0.0.7'), spec: { serviceAccountName: 'dark', containers: [{ name: 'c' }] } }] },
  { name: 'a port to which one goes out', input: network({ policyTypes: ['Egress'], egress: [{ ports: [{ port: 5432 }] }] }) },
  { name: 'a port name', input: network({ ingress: [{ ports: [{ port: 'http' }] }] }) },
  { name: 'no registry', input: peers(app('wbe')), more: [] },
]; // biome-ignore format: a table

describe('rules that no workload of today meets', () => {
  const show = (findings: readonly LintFinding[]): string => JSON.stringify(findings, undefined, 1);
  for (const { name, input, besides = [], unread: skipped = [], want } of told)
    it(`are told of ${name}`, () => {
      const { own, all } = unmetOf([input, ...besides], registry, skipped);
      assert.equal(own.length, 1, show(all));
      assert.equal(own[0]!.severity, want[0]);
      assert.match(`${own[0]!.message} ${own[0]!.fix}`, want[1]);
    });
  for (const { name, input, besides = [], more, others = [], unread: skipped = [] } of silent)
    it(`are not told of ${name}`, () => {
      const { own } = unmetOf([input, ...besides], more ?? [...registry, ...others], skipped);
      assert.deepEqual(own, []);
    });

  it('are named where a rule has too many alternatives', () => {
    const from = Array.from({ length: 50 }, (_, i) => ({ source: { principals: [`cluster.local/ns/shop/sa/a${i}`] } }));
    const to = Array.from({ length: 50 }, (_, i) => ({ operation: { ports: [`${8000 + i}`] } }));
    const { all } = unmetOf([istio({ rules: [{ from, to }] })], registry);
    const [left] = all.filter(({ code, message }) => code === 'lint-unfinished' && /rule-never-holds/.test(message));
    assert.match(left?.message ?? '', /rule 0 of AuthorizationPolicy shop\/viewer \(0\.yaml:1\)/);
  });
});
