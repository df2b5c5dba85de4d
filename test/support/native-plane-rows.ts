/**
 * Cases of docs/native.md on the planes beside Istio's: pods, policies between them, and what becomes of a request.
 * @module
 */
import type { PolicyModel } from '../../src/policy/model.ts';
import { emptyRegistry } from '../../src/policy/registry/registry.ts';
import { istioModel } from './native-model.ts';
import { readSite } from './site-layer.ts';

const pod = (name: string, account: string, ip: string, more = ''): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${account === 'details' ? 'default' : 'foo'}, labels: {app: ${name}}}
spec: {serviceAccountName: ${account}, containers: [{name: c, image: i, ports: [{name: web, containerPort: 8080}]}]${more}}
status: {podIP: "${ip}"}\n`;

/** The workload twice, three callers, and one on the network of its node. */
const pods = [
  pod('details', 'details', '10.0.9.1'),
  pod('details', 'details', '10.0.9.2').replace('name: details,', 'name: details-2,'),
  pod('a', 'a', '10.0.0.1'),
  pod('a', 'a', '10.0.0.3').replace('name: a,', 'name: a-2,'),
  pod('b', 'b', '10.0.0.2'),
  pod('c', 'c', 'fd00::3'),
  pod('n', 'n', '10.0.0.9', ', hostNetwork: true'),
].join('');

/** A NetworkPolicy of `details`; `spec` is what it says besides. */
const network = (spec: string, of = 'default', selects = '{matchLabels: {app: details}}'): string =>
  `---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: ${of}}\nspec: {podSelector: ${selects}, ${spec}}\n`;
const from = (peers: string, ports = ''): string => network(`ingress: [{from: [${peers}]${ports}}]`);
const inFoo = (name: string): string =>
  `{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: foo}}, podSelector: {matchLabels: {app: ${name}}}}`;
const calico = (rules: string, more = ''): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\nspec: {selector: app == 'details', ${more}ingress: [${rules}]}\n`;
const site = (action: string): string =>
  `apiVersion: site.gatehouse.dev/v1\nkind: SiteRules\nmetadata: {name: s}\nspec: {default: deny, rules: [{name: r, priority: 1, action: ${action}, from: [10.0.0.1/32]}, {name: b, priority: 2, action: allow, from: [10.0.0.2/32]}]}\n`;

const passed = 'n:no-policy-applies';
type Sent = Readonly<Record<string, string | null>>;
type Case = readonly [name: string, policies: string, sent: Sent, want: string];

const caller = (name: string, sourceIp: string): Sent => ({
  uri: `spiffe://cluster.local/ns/foo/sa/${name}`,
  sourceIp,
});
const onlyA = from(inFoo('a'));

const byRow: Readonly<Record<string, readonly Case[]>> = {
  'planes `l4`, `calico` and `site`, enforced: pods that they let in for certain, by name and address together': [
    ['by a selector', onlyA, {}, passed],
    ['of an alias', onlyA, { uri: 'spiffe://old.td/ns/foo/sa/a' }, passed],
    ['to another pod of the workload', onlyA, { destinationIp: '10.0.9.2' }, passed],
    ['by an ipBlock', from('{ipBlock: {cidr: 10.0.0.0/24, except: [10.0.0.2/32]}}'), {}, passed],
    ['IPv6', from(inFoo('c')), caller('c', 'fd00::3'), passed],
    ['by a port', from(inFoo('a'), ', ports: [{port: 8080}]'), {}, passed],
    ['by a named port', from(inFoo('a'), ', ports: [{port: web}]'), {}, passed],
    ['by a range of ports', from(inFoo('a'), ', ports: [{port: 8000, endPort: 9000}]'), {}, passed],
    [
      'with an egress policy',
      `${onlyA}${network('egress: [{to: [{namespaceSelector: {}}]}]', 'foo', '{}')}`,
      {},
      passed,
    ],
    ['Calico, tiers', calico("{action: Pass, source: {selector: app == 'a'}}, {action: Deny}"), {}, passed],
    [
      'Calico, a service account',
      calico('{action: Allow, source: {serviceAccounts: {names: [a]}, namespaceSelector: all()}}'),
      {},
      passed,
    ],
    ['the site', site('allow'), {}, passed],
  ],
  'rules of plane `calico` by method and path, for these pods': [
    ['method', calico("{action: Allow, http: {methods: [GET]}, source: {selector: app == 'a'}}"), {}, passed],
    ['another method', calico('{action: Allow, http: {methods: [PUT]}}'), {}, 'ask:planes'],
    ['path', calico('{action: Allow, http: {paths: [{prefix: /a}]}}'), {}, passed],
    ['another path', calico('{action: Allow, http: {paths: [{exact: /a}]}}'), {}, 'ask:planes'],
    [
      'a path that is normalised',
      calico('{action: Allow, http: {paths: [{prefix: /a}]}}'),
      { path: '/a/../b', 'header::path': '/a/../b' },
      'ask:planes',
    ],
  ],
  'planes `l4`, `calico` and `site`, enforced: whom they refuse, and what hangs on more than both ends and the port': [
    ['not selected', from(inFoo('b')), {}, 'ask:planes'],
    [
      'of an exception',
      from('{ipBlock: {cidr: 10.0.0.0/24, except: [10.0.0.2/32]}}'),
      caller('b', '10.0.0.2'),
      'ask:planes',
    ],
    ['by another port', from(inFoo('a'), ', ports: [{port: 8080}]'), { port: '8081' }, 'ask:planes'],
    [
      'by a port within a range that nobody names',
      from(inFoo('a'), ', ports: [{port: 8000, endPort: 9000}]'),
      { port: '8081' },
      'ask:planes',
    ],
    [
      'of an exception that pods alike are not of',
      from('{ipBlock: {cidr: 10.0.0.0/24, except: [10.0.0.3/32]}}'),
      caller('a', '10.0.0.3'),
      'ask:planes',
    ],
    [
      'denied by a named port',
      calico('{action: Deny, protocol: TCP, destination: {ports: [web]}}, {action: Allow}'),
      {},
      'ask:planes',
    ],
    [
      'denied by a named port of the caller',
      calico("{action: Deny, protocol: TCP, source: {selector: app == 'a', ports: [web]}}, {action: Allow}"),
      {},
      'ask:planes',
    ],
    [
      'by its own egress',
      `${from(`${inFoo('a')}, ${inFoo('b')}`)}${network('policyTypes: [Egress]', 'foo', '{matchLabels: {app: a}}')}`,
      {},
      'ask:planes',
    ],
    [
      'a source port',
      calico(
        "{action: Allow, protocol: TCP, source: {ports: [1024:65535]}}, {action: Allow, source: {selector: app == 'b'}}",
      ),
      {},
      'ask:planes',
    ],
    [
      'denied by a source port before',
      calico("{action: Deny, protocol: TCP, source: {selector: app == 'a', ports: [1024]}}, {action: Allow}"),
      {},
      'ask:planes',
    ],
    ['the site', site('deny'), {}, 'ask:planes'],
    ['at an address that is not the workload’s', onlyA, { destinationIp: '10.0.9.9' }, 'ask:planes'],
  ],
  'callers at no address of a pod, behind a hop, or under another name than the pod’s (`place_mismatch`), where these planes are enforced':
    [
      ['no pod', from('{ipBlock: {cidr: 0.0.0.0/0}}'), { sourceIp: '10.0.0.200' }, 'ask:planes'],
      ['on the network of its node', from('{ipBlock: {cidr: 0.0.0.0/0}}'), caller('n', '10.0.0.9'), 'ask:planes'],
      ['behind a hop', from('{ipBlock: {cidr: 0.0.0.0/0}}'), caller('b', '10.0.0.2'), 'ask:planes'],
      ['another name', onlyA, { uri: 'spiffe://cluster.local/ns/foo/sa/b' }, 'ask:place'],
      ['a name of another form', onlyA, { uri: 'spiffe://cluster.local/x' }, 'ask:place'],
    ],
  'callers without a certificate, where these planes are enforced': [
    ['', onlyA, { 'state:gh.serial': '-' }, 'ask:planes'],
  ],
  'these planes, where the registry knows no address of the workload, no caller is let in for certain, or callers have more than 4,096 addresses':
    [
      ['too many callers', network('ingress: [{}]'), {}, 'everything'],
      ['as many as there may be', network('ingress: [{}]'), {}, passed],
      ['nobody is let in', network('policyTypes: [Ingress]'), {}, 'everything'],
    ],
  'these planes, enforced, of a `--gateway`': [['a gateway', onlyA, {}, 'everything']],
  'staged policies of these planes that select the workload or the caller': [
    [
      '',
      onlyA.replace(
        'networking.k8s.io/v1\nkind: NetworkPolicy',
        'projectcalico.org/v3\nkind: StagedKubernetesNetworkPolicy',
      ),
      {},
      'everything',
    ],
  ],
};

/** With more pods than the six that hold an address. */
function withOthers(model: PolicyModel, count: number): PolicyModel {
  const { registry = emptyRegistry } = model;
  const others = Array.from({ length: count }, (_, i) => ({
    ...{ namespace: 'foo', name: `o${i}`, serviceAccount: 'o', labels: [], ports: [], hostNetwork: false },
    addresses: [`10.1.${i >> 8}.${i & 255}`],
  }));
  return { ...model, registry: { ...registry, endpoints: [...registry.endpoints, ...others] } };
}

/** The cases; a request of `a` at its own address, of `/a/b`. */
export const planeRows = Object.entries(byRow).flatMap(([row, cases]) =>
  cases.map(([name, policies, sent, want]) => ({
    row,
    ...(name !== '' && { name }),
    ...(name === 'a gateway' && { of: { isGateway: true } }),
    policies: '',
    change: () => {
      const isOfSite = policies.includes('SiteRules');
      // Calico's own server takes no named port of a caller for one
      const isOfNetwork = name === 'denied by a named port of the caller';
      const planes = { calico: isOfNetwork ? 'observe' : 'enforce', l4: 'enforce', site: 'enforce' } as const;
      const more = { planes, ...(name === 'behind a hop' && { hops: ['10.0.0.2/32'] }) };
      const model = istioModel(
        `${pods}${isOfSite ? '' : policies}`,
        'upstream',
        more,
        isOfSite ? [readSite(policies)] : [],
      );
      const others = { 'too many callers': 4_091, 'as many as there may be': 4_090 }[name] ?? 0;
      return others === 0 ? model : withOthers(model, others);
    },
    sent: { destinationIp: '10.0.9.1', ...sent },
    want,
  })),
);
