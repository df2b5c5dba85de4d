import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TokenKeys } from '../../../../src/policy/compile-envoy/tokens/token-filters.ts';
import { interpretTree, unavailable } from '../../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { REQUEST, requestText } from '../../../../src/policy/compile-envoy/tree/tree.ts';
import { type PlacedWorkload, treesOf } from '../../../../src/policy/compile-envoy/workload-trees.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { tokenRulesOf } from '../../../../src/server/policy/token-rules.ts';
import { istioModel, workload } from '../../../support/native-model.ts';
import { planeRows } from '../../../support/native-plane-rows.ts';

const settings = {
  trustDomains: ['cluster.local', 'old.td'],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
  allowEmpty: true,
} as const;

/** A policy of `default`; the rules are Istio's, in YAML's flow form. */
const policy = (action: string, rules: string, more = ''): string =>
  `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: default${more}}\nspec: {action: ${action}, rules: [${rules}]}\n`;

const byA = '{from: [{source: {principals: [cluster.local/ns/foo/sa/a]}}]}';
const get = '{to: [{operation: {methods: [GET], paths: ["/a/*"]}}]}';
const a = 'spiffe://cluster.local/ns/foo/sa/a';

/** A RequestAuthentication; `rule` is what its rule says besides. */
const tokens = (rule: string): string =>
  `---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: r, namespace: default}\nspec: {jwtRules: [{${rule}issuer: x, jwksUri: "https://x.example/keys"}]}\n`;
const byAnyToken = (action: string): string => policy(action, '{from: [{source: {requestPrincipals: ["*"]}}]}');

const remote = policy(
  'DENY',
  '{from: [{source: {remoteIpBlocks: [10.0.0.0/8]}}], to: [{operation: {methods: [GET]}}]}',
);
const bySni = policy('DENY', '{when: [{key: connection.sni, values: [a.example]}]}');

interface Row {
  /** As it stands in docs/native.md. */
  readonly row: string;
  readonly name?: string;
  readonly policies: string;
  readonly with?: Partial<Parameters<typeof treesOf>[2]>;
  readonly of?: Partial<PlacedWorkload>;
  readonly change?: (model: PolicyModel) => PolicyModel;
  /** Inputs besides those of a GET of `/a/b` by `a`; null: Envoy has no value. */
  readonly sent?: Readonly<Record<string, string | readonly string[] | null>>;
  /** Of the rules for tokens: their keys; absent: none has come. */
  readonly keys?: TokenKeys;
  /** Of a connection, by the tree for these. */
  readonly connects?: true;
  /** The name of the action, or `everything`. */
  readonly want: string;
}

const publicKeys: TokenKeys = { jwks: '{"keys":[]}', hasSecrets: false, cost: 1 };
const fault = (rule: number, message: string) => ({ [`token:["gh_fault_${rule}","message"]`]: message });
/** What a tree sees of a token that was good by the first rule. */
const accepted = {
  'header:authorization': 'Bearer a.b.c',
  'token:["gh_good_0","alg"]': 'ES256',
  'state:gh.iss': 'x',
  'state:gh.sub': 'alice',
  'state:gh.header-bytes': '400',
  'token:["gh_payload","iss"]': 'x',
  'token:["gh_payload","sub"]': 'alice',
};
const two = tokens('').replace('[{', '[{issuer: w, jwksUri: "https://w.example/keys"}, {');
const claim = (key: string, ...values: readonly string[]): string =>
  policy('ALLOW', `{when: [{key: "request.auth.${key}", values: ${JSON.stringify(values)}}]}`);
const held = 'n:allow/default/p#0';
const verified: readonly (readonly [name: string, policies: string, sent: Row['sent'], want: string])[] = [
  ['any', byAnyToken('ALLOW'), {}, held],
  ['nobody may', byAnyToken('DENY'), {}, 'n:deny/default/p#0'],
  [
    'who has one is not without',
    policy('DENY', '{from: [{source: {notRequestPrincipals: ["*"]}}]}'),
    {},
    'n:no-policy-applies',
  ],
  ['issuer and subject', claim('principal', 'x/alice'), {}, held],
  ['another subject', claim('principal', 'x/bob'), {}, 'n:no-rule-allowed'],
  ['another issuer', claim('principal', 'y/alice'), {}, 'n:no-rule-allowed'],
  ['a subject begins', claim('principal', 'x/al*'), {}, held],
  ['a subject ends', claim('principal', '*/alice'), {}, held],
  [
    'no subject is called as nothing is',
    claim('principal', 'x/-'),
    { 'state:gh.sub': '-', 'token:["gh_payload","sub"]': null },
    'n:no-rule-allowed',
  ],
  ['a subject called -', claim('principal', 'x/-'), { 'state:gh.sub': '-', 'token:["gh_payload","sub"]': '-' }, held],
  ['an audience', claim('audiences', 'api'), { 'token:["gh_payload","aud"]': ['web', 'api'] }, held],
  ['no audience', claim('audiences', 'api'), { 'token:["gh_payload","aud"]': ['web'] }, 'n:no-rule-allowed'],
  ['a presenter', claim('presenter', 'app*'), { 'token:["gh_payload","azp"]': 'app1' }, held],
  ['a claim', claim('claims[group]', 'admins'), { 'token:["gh_payload","group"]': 'admins' }, held],
  ['a claim within another', claim('claims[a][b]', '*'), { 'token:["gh_payload","a","b"]': [''] }, 'n:no-rule-allowed'],
  ['a claim of no text', claim('claims[n]', '5'), { 'token:["gh_payload","n"]': [] }, 'n:no-rule-allowed'],
];
const doubtful: readonly (readonly [name: string, sent: Row['sent']])[] = [
  ['by no rule', { 'token:["gh_good_0","alg"]': null }],
  ['good, and another refused by the same rule', fault(0, 'Jwt is expired')],
  ['good, and another of another issuer', fault(0, 'Jwt issuer is not configured')],
  ['refused by another rule', fault(1, 'Jwt verification fails')],
  ['a comma in the header', { 'header:authorization': 'Bearer a.b.c,Bearer a.b.c' }],
  ['large headers', { 'state:gh.header-bytes': '16000' }],
  ['headers of unknown size', { 'state:gh.header-bytes': null }],
  [
    'a fault where no token was seen',
    { ...fault(1, 'Jwt is expired'), 'header:authorization': null, 'token:["gh_good_0","alg"]': null },
  ],
];

const UNKNOWN_PODS =
  'these planes, where the registry knows no address of the workload, no caller is let in for certain, or callers have more than 4,096 addresses';
const plain = { 'state:gh.serial': '-' };
const rows: readonly Row[] = [
  { row: 'principals, namespaces, service accounts', policies: policy('ALLOW', byA), want: 'n:allow/default/p#0' },
  {
    row: 'principals, namespaces, service accounts',
    name: 'an alias',
    policies: policy('ALLOW', '{from: [{source: {namespaces: [foo]}}]}'),
    sent: { uri: 'spiffe://old.td/ns/foo/sa/a' },
    want: 'n:allow/default/p#0',
  },
  {
    row: 'principals, namespaces, service accounts',
    name: 'a namespace',
    policies: policy('ALLOW', '{from: [{source: {namespaces: [foo]}}]}'),
    want: 'n:allow/default/p#0',
  },
  {
    row: 'methods, paths, templates, hosts, headers, their `not…` forms',
    policies: policy('ALLOW', get),
    want: 'n:allow/default/p#0',
  },
  {
    row: 'methods, paths, templates, hosts, headers, their `not…` forms',
    name: 'not',
    policies: policy('DENY', '{to: [{operation: {notMethods: [GET]}}]}'),
    sent: { 'header::method': 'PUT' },
    want: 'n:deny/default/p#0',
  },
  {
    row: '`ipBlocks`, `destination.ip`, ports',
    policies: policy('DENY', '{from: [{source: {ipBlocks: [10.0.0.0/8]}}], to: [{operation: {ports: ["8080"]}}]}'),
    want: 'n:deny/default/p#0',
  },
  {
    row: 'DENY, ALLOW, policies of the root namespace, PeerAuthentication',
    name: 'STRICT',
    policies:
      '---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: m, namespace: istio-system}\nspec: {mtls: {mode: STRICT}}\n',
    sent: plain,
    want: 'n:mtls/istio-system/m',
  },
  {
    row: 'DENY, ALLOW, policies of the root namespace, PeerAuthentication',
    name: 'root',
    policies: policy('DENY', get).replace('namespace: default', 'namespace: istio-system'),
    want: 'n:deny/istio-system/p#0',
  },
  {
    row: '`absence: strict`',
    policies: policy('DENY', '{from: [{source: {notPrincipals: [cluster.local/ns/foo/sa/b]}}]}'),
    change: (model) => ({ ...model, absence: 'strict' }),
    sent: plain,
    want: 'n:deny/default/p#0',
  },
  {
    row: '`absence: strict`',
    name: 'in ALLOW',
    policies: policy('ALLOW', '{from: [{source: {notPrincipals: [cluster.local/ns/foo/sa/b]}}]}'),
    change: (model) => ({ ...model, absence: 'strict' }),
    sent: plain,
    want: 'n:no-rule-allowed',
  },
  { row: '`allowEmpty`', policies: '', with: { allowEmpty: false }, want: 'n:no-policies' },
  {
    row: 'audiences and claims',
    policies: policy('ALLOW', '{when: [{key: "request.auth.audiences", values: [x]}]}'),
    want: 'n:no-rule-allowed',
  },
  { row: 'callers without a certificate', policies: policy('DENY', byA), sent: plain, want: 'n:no-policy-applies' },
  {
    row: 'callers without a certificate',
    name: 'not told',
    policies: policy('DENY', byA),
    sent: { 'state:gh.serial': null },
    want: 'ask:certificate',
  },
  {
    row: '`verifyPeer: observe`, planes that are observed only, candidate sets',
    policies: policy('ALLOW', byA),
    with: { verifyPeer: 'observe' },
    want: 'n:allow/default/p#0',
  },
  {
    row: '`verifyPeer: observe`, planes that are observed only, candidate sets',
    name: 'planes',
    policies: policy('ALLOW', byA),
    change: (model) => withPlane(model, 'l4', 'observe'),
    want: 'n:allow/default/p#0',
  },
  {
    row: 'RequestAuthentication: requests without a token',
    policies: tokens('') + byAnyToken('ALLOW'),
    want: 'n:no-rule-allowed',
  },
  {
    row: 'RequestAuthentication: requests without a token',
    name: 'who has none is not allowed by what is not in it',
    policies: tokens('') + policy('DENY', '{from: [{source: {notRequestPrincipals: ["*"]}}]}'),
    want: 'n:deny/default/p#0',
  },
  {
    row: 'RequestAuthentication: requests without a token',
    name: 'of another workload',
    policies: tokens('').replace('spec: {', 'spec: {selector: {matchLabels: {app: other}}, ') + policy('ALLOW', get),
    sent: { 'header:authorization': 'Bearer a.b.c' },
    want: 'n:allow/default/p#0',
  },
  ...(
    [
      ['in a header', '', { 'header:authorization': 'Bearer a.b.c' }],
      ['anywhere in a header', '', { 'header:authorization': 'Basic x,Bearer a.b.c' }],
      ['in the query', '', { 'header::path': '/a/b?x=1&access_token=a' }],
      ['in the query, escaped', '', { 'header::path': '/a/b?%61ccess_token=a' }],
      ['in the query, without a value', '', { 'header::path': '/a/b?access_token' }],
      ['without a prefix', 'fromHeaders: [{name: X-Jwt}], ', { 'header:x-jwt': '' }],
      ['in another parameter', 'fromParams: [t.k], ', { 'header::path': '/?t.k=' }],
      ['in a cookie', 'fromCookies: [sid], ', { 'header:cookie': 'a=b; sid=x' }],
    ] as const
  ).map(([name, rule, sent]) => ({
    row: 'requests that may bring a token',
    ...{ name, policies: tokens(rule) + policy('ALLOW', get), sent, want: 'ask:token' },
  })),
  ...(
    [
      ['another scheme', '', { 'header:authorization': 'Basic a' }],
      ['another parameter', '', { 'header::path': '/a/b?xaccess_token=a&y=access_token&access_tokens=1' }],
      ['a parameter where none is read', 'fromHeaders: [{name: x-jwt}], ', { 'header::path': '/?access_token=a' }],
      ['an escape in a value', '', { 'header::path': '/a/b?q=%61ccess_token=' }],
    ] as const
  ).map(([name, rule, sent]) => ({
    row: 'RequestAuthentication: requests without a token',
    ...{ name, policies: tokens(rule) + policy('ALLOW', get), sent, want: 'n:allow/default/p#0' },
  })),
  {
    row: 'headers that only verified tokens may write, sent by the caller',
    policies: tokens('outputClaimToHeaders: [{header: X-User, claim: sub}], ') + policy('ALLOW', get),
    sent: { 'header:x-user': 'root' },
    want: 'ask:forged',
  },
  {
    row: 'headers that only verified tokens may write, sent by the caller',
    name: 'the payload',
    policies: tokens('outputPayloadToHeader: X-Payload, ') + policy('ALLOW', get),
    sent: { 'header:x-payload': '' },
    want: 'ask:forged',
  },
  ...['x-user', 'authorization', ':path'].map((name) => ({
    row: 'headers that verifying tokens changes, where a rule reads them',
    ...{ name, want: 'ask:deny/default/p#0' },
    policies:
      tokens('outputClaimToHeaders: [{header: x-user, claim: sub}], ') +
      policy('DENY', `{when: [{key: "request.headers[${name}]", notValues: [x]}]}`),
  })),
  {
    row: 'headers that verifying tokens changes, where a rule reads them',
    name: 'tokens that are forwarded',
    policies:
      tokens('forwardOriginalToken: true, ') +
      policy('DENY', '{when: [{key: "request.headers[authorization]", notValues: [x]}]}'),
    want: 'n:deny/default/p#0',
  },
  ...verified.map(([name, rules, sent, want]) => ({
    row: 'tokens that Envoy accepts, by issuer, subject, audiences and claims',
    ...{ name, policies: tokens('') + rules, keys: publicKeys, sent: { ...accepted, ...sent }, want },
  })),
  ...doubtful.map(([name, sent]) => ({
    row: 'tokens that Envoy does not accept, or of which it is not plain that it does',
    ...{
      name,
      policies: two + policy('ALLOW', get),
      keys: publicKeys,
      sent: { ...accepted, ...sent },
      want: 'ask:token',
    },
  })),
  ...(
    [
      ['refused by another rule for its issuer', fault(1, 'Jwt issuer is not configured')],
      ['missing for another rule', fault(1, 'Jwt is missing')],
    ] as const
  ).map(([name, sent]) => ({
    row: 'tokens that Envoy accepts, by issuer, subject, audiences and claims',
    ...{
      name,
      policies: two + policy('ALLOW', get),
      keys: publicKeys,
      sent: { ...accepted, ...sent },
      want: 'n:allow/default/p#0',
    },
  })),
  ...(
    [
      ['no keys have come', {}],
      ['keys that are secrets', { keys: { ...publicKeys, hasSecrets: true } }],
      ['keys that cost too much to try', { keys: { ...publicKeys, cost: 101 } }],
    ] as const
  ).map(([name, more]) => ({
    row: 'requests that may bring a token',
    ...{ name, policies: tokens('') + policy('ALLOW', get), sent: accepted, want: 'ask:token', ...more },
  })),
  {
    row: 'requests that may bring a token',
    name: 'more rules than a tree looks at',
    ...{
      policies: tokens('')
        .repeat(1)
        .replace('[{', `[${'{issuer: x, jwksUri: "https://x.example/keys"}, '.repeat(16)}{`),
    },
    ...{ keys: publicKeys, sent: accepted, want: 'ask:token' },
  },
  {
    row: 'claims of patterns or names that no tree can test, where a token is verified',
    policies: tokens('') + policy('DENY', '{when: [{key: "request.auth.claims[a]", values: [x]}]}'),
    change: emptyClaim,
    ...{ keys: publicKeys, sent: accepted, want: 'ask:deny/default/p#0' },
  },
  {
    row: 'headers that only verified tokens may write, sent by the caller',
    name: 'they are taken out where tokens are verified',
    policies: tokens('outputClaimToHeaders: [{header: X-User, claim: sub}], ') + policy('ALLOW', get),
    sent: { 'header:x-user': 'root', 'state:gh.header-bytes': '300' },
    ...{ keys: publicKeys, want: 'n:allow/default/p#0' },
  },
  {
    row: '`labels_unknown`, labels that differ among the pods of a service account',
    policies: policy('ALLOW', byA).replace('spec: {', 'spec: {selector: {matchLabels: {app: details}}, '),
    of: { labels: undefined },
    want: 'everything',
  },
  {
    row: '`labels_unknown`, labels that differ among the pods of a service account',
    name: 'pods',
    policies: policy('ALLOW', byA).replace('spec: {', 'spec: {selector: {matchLabels: {app: details}}, '),
    change: withPods('other'),
    want: 'everything',
  },
  ...planeRows,
  ...(
    [
      ['of all', '', 'everything'],
      ['of its label', 'selector: app == "details", ', 'everything'],
      ['of its namespace', 'selector: projectcalico.org/namespace == "default", ', 'everything'],
      ['of a label of its account that may be there', 'selector: "!has(pcsa.x)", ', 'everything'],
      ['of its namespace by its labels', 'namespaceSelector: kubernetes.io/metadata.name == "default", ', 'everything'],
      ['of others', 'selector: app == "x", ', held],
      ['of other namespaces', 'namespaceSelector: kubernetes.io/metadata.name == "other", ', held],
      ['of another service account', 'selector: projectcalico.org/serviceaccount == "x", ', held],
    ] as const
  ).map(([name, selects, want]) => ({
    row: want === 'everything' ? UNKNOWN_PODS : 'plane `calico`, enforced, whose policies select others',
    ...{ name, want },
    policies: `${policy('ALLOW', byA)}---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: g}
spec: {${selects}ingress: [{action: Deny}]}
`,
  })),
  {
    row: UNKNOWN_PODS,
    name: 'as one of its pods',
    policies: `${policy('ALLOW', byA)}---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: g}
spec: {selector: app == "other", ingress: [{action: Deny}]}
`,
    change: withPods('other'),
    want: 'everything',
  },
  ...(
    [
      ['of which none is what is said', ['one', 'two'], 'everything'],
      ['of which one is what is said', ['one', 'details'], held],
      ['that are alike', ['one', 'one'], held],
    ] as const
  ).flatMap(([name, labels, want]) => [
    {
      row: '`labels_unknown`, labels that differ among the pods of a service account',
      name: `two pods at one address, ${name}`,
      policies: `${policy('ALLOW', byA)}${policy('DENY', byA).replace('name: p', 'name: x').replace('spec: {', 'spec: {selector: {matchLabels: {app: x}}, ')}`,
      change: withPods(...labels),
      want,
    },
    {
      row: want === 'everything' ? UNKNOWN_PODS : 'plane `calico`, enforced, whose policies select others',
      name: `two pods at one address, ${name}`,
      policies: `${policy('ALLOW', byA)}---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: g}
spec: {selector: app == "x", ingress: [{action: Deny}]}
`,
      change: withPods(...labels),
      want,
    },
  ]),
  {
    row: 'several URI SANs, no SPIFFE ID, a trust domain that is not ours',
    policies: policy('DENY', '{from: [{source: {notPrincipals: [cluster.local/ns/foo/sa/a]}}]}'),
    sent: { uri: `${a},spiffe://cluster.local/ns/x/sa/y` },
    want: 'ask:caller',
  },
  {
    row: 'several URI SANs, no SPIFFE ID, a trust domain that is not ours',
    name: 'a DNS name that reads as a SPIFFE ID',
    policies: policy('DENY', byA),
    sent: { uri: 'spiffe://cluster.local/ns/bar/sa/x', dns: a },
    want: 'ask:caller',
  },
  {
    row: 'several URI SANs, no SPIFFE ID, a trust domain that is not ours',
    name: 'DNS only',
    policies: policy('ALLOW', byA),
    sent: { uri: null, dns: 'a.example' },
    want: 'ask:caller',
  },
  {
    row: 'several URI SANs, no SPIFFE ID, a trust domain that is not ours',
    name: 'foreign',
    policies: policy('ALLOW', '{from: [{source: {namespaces: [foo]}}]}'),
    sent: { uri: 'spiffe://other.td/ns/foo/sa/a' },
    want: 'ask:caller',
  },
  {
    row: 'an ID with `/ns/` elsewhere than Istio puts it',
    policies: policy('ALLOW', '{from: [{source: {namespaces: [sa]}}]}'),
    sent: { uri: 'spiffe://cluster.local/ns/ns/sa/x' },
    want: 'ask:caller',
  },
  {
    row: 'an ID with `/ns/` elsewhere than Istio puts it',
    name: 'in the subject',
    policies: policy('ALLOW', '{from: [{source: {namespaces: [sa]}}]}'),
    sent: { subject: 'O=/ns/sa/' },
    want: 'ask:caller',
  },
  {
    row: '`verifyPeer: enforce`',
    policies: policy('ALLOW', get),
    with: { verifyPeer: 'enforce' },
    want: 'ask:verify-peer',
  },
  {
    row: '`peerTrustDomains: own`',
    policies: policy('ALLOW', get),
    with: { peerTrustDomains: 'own' },
    sent: { uri: 'spiffe://other.td/x' },
    want: 'ask:caller',
  },
  {
    row: '`peerTrustDomains: own`',
    name: 'a DNS name',
    policies: policy('ALLOW', get),
    with: { peerTrustDomains: 'own' },
    sent: { dns: 'spiffe://other.td/x' },
    want: 'ask:caller',
  },
  {
    row: '`ambiguousRequests: deny`',
    policies: policy('ALLOW', get),
    with: { ambiguousRequests: 'deny' },
    sent: { 'header::path': '/a/b//c', path: '/a/b//c' },
    want: 'ask:ambiguous',
  },
  {
    row: '`ambiguousRequests: deny`',
    name: 'an escape',
    policies: '',
    with: { ambiguousRequests: 'deny' },
    sent: { 'header::path': '/a/%2e%2e/c' },
    want: 'ask:ambiguous',
  },
  {
    row: '`ambiguousRequests: deny`',
    name: 'a host',
    policies: policy('ALLOW', '{to: [{operation: {hosts: [a.com]}}]}'),
    with: { ambiguousRequests: 'deny' },
    sent: { 'header::authority': 'a.com:80' },
    want: 'ask:host',
  },
  {
    row: 'repeated header lines',
    policies: policy('DENY', '{when: [{key: "request.headers[x-a]", values: [b]}]}'),
    sent: { 'header:x-a': 'a,b' },
    want: 'ask:header-x-a',
  },
  { row: 'CONNECT, `OPTIONS *`', policies: policy('DENY', get), sent: { path: '-' }, want: 'ask:path' },
  ...(
    [
      ['the direct peer where nothing is forwarded', {}, 0, 'n:deny/default/p#0'],
      ['one that is not meant', { sourceIp: '11.0.0.1' }, 0, 'n:no-policy-applies'],
      [
        'one forwarded address',
        { sourceIp: '11.0.0.1', 'header:x-forwarded-for': '10.0.0.9' },
        0,
        'n:deny/default/p#0',
      ],
      ['of another network', { 'header:x-forwarded-for': '11.0.0.9' }, 0, 'n:no-policy-applies'],
      ["of which no entry is the client's", { 'header:x-forwarded-for': '11.0.0.9' }, 1, 'n:deny/default/p#0'],
    ] as const
  ).map(([name, sent, trustedHops, want]) => ({
    row: '`remoteIpBlocks` (`trustedHops`), where X-Forwarded-For is one IPv4 address or none',
    ...{ name, policies: remote, of: { trustedHops }, sent, want },
  })),
  ...['11.0.0.9, 10.0.0.1', '11.0.0.9,10.0.0.1', '10.0.0.1:80', '::1', '', ' 10.0.0.1', '010.0.0.1', '1.2.3.256'].map(
    (value) => ({
      row: '`remoteIpBlocks`, where X-Forwarded-For is anything else',
      ...{ name: value, policies: remote, sent: { 'header:x-forwarded-for': value }, want: 'ask:deny/default/p#0' },
    }),
  ),
  {
    row: '`remoteIpBlocks`, where X-Forwarded-For is anything else',
    name: 'as far as the rest holds',
    policies: remote,
    sent: { 'header:x-forwarded-for': 'x', 'header::method': 'PUT' },
    want: 'n:no-policy-applies',
  },
  ...(
    [
      ['that is meant', 'a.example', 'n:deny/default/p#0'],
      ['that is not', 'b.example', 'n:no-policy-applies'],
    ] as const
  ).map(([name, sni, want]) => ({
    row: 'SNI, where Envoy shows one',
    ...{ name, policies: bySni, sent: { sni }, want },
  })),
  {
    row: 'SNI, where Envoy shows none; source ports, metadata',
    policies: bySni,
    want: 'ask:deny/default/p#0',
  },
  ...(
    [
      ['of another network', '203.0.113.1, 10.0.0.1', '203.0.113.1', 'n:no-policy-applies'],
      ['that is meant', '10.0.0.1,203.0.113.1', '10.0.0.1', 'n:deny/default/p#0'],
      ['a port', '10.0.0.1:80,203.0.113.1', '203.0.113.1', 'ask:deny/default/p#0'],
      ['IPv6', '::1,203.0.113.1', '::1', 'ask:deny/default/p#0'],
    ] as const
  ).map(([name, xff, remoteIp, want]) => ({
    row: '`remoteIpBlocks` of a `--gateway`, where X-Forwarded-For is a list of IPv4 addresses',
    ...{ name, policies: remote, of: { trustedHops: 1, isGateway: true }, want },
    sent: { 'header:x-forwarded-for': xff, remoteIp, sourceIp: '203.0.113.1' },
  })),
  ...(
    [
      ['by IPv4', '127.0.0.9', 0, 'ask:deny/default/p#0'],
      ['by IPv6', '::1', 0, 'ask:deny/default/p#0'],
      ['from elsewhere', '203.0.113.1', 0, 'n:no-policy-applies'],
      ['behind a proxy, whose entry counts', '127.0.0.1', 1, 'n:no-policy-applies'],
    ] as const
  ).map(([name, sourceIp, trustedHops, want]) => ({
    row: '`remoteIpBlocks` of a `--gateway` that trusts no proxy, for callers of its own machine',
    ...{ name, policies: remote, of: { trustedHops, isGateway: true }, want },
    sent: { 'header:x-forwarded-for': '192.0.2.1, 192.0.2.2', remoteIp: '192.0.2.1', sourceIp },
  })),
  ...(
    [
      ['AUDIT', policy('AUDIT', byA), 'ask:audit/default/p#0'],
      ['AUDIT of others', policy('AUDIT', byA.replace('/a]', '/b]')), 'n:no-policy-applies'],
      [
        'dry run',
        policy('DENY', byA).replace(
          'namespace: default',
          'namespace: default, annotations: {"istio.io/dry-run": "true"}',
        ),
        'ask:dry-run',
      ],
    ] as const
  ).map(([name, policies, want]) => ({
    row: 'AUDIT and dry run, of connections',
    ...{ name, policies, connects: true as const, want },
  })),
  {
    row: 'CUSTOM with a provider that nobody asks',
    policies: policy('CUSTOM', get).replace('spec: {', 'spec: {provider: {name: other}, '),
    want: 'ask:custom/default/p#0',
  },
];

/** Judged elsewhere: by shadow and audit trees, by the filter of revocations, by the encoder. */
const elsewhere = [
  'dry run',
  'AUDIT',
  'revoked serial numbers and keys',
  'trees that are deeper than Envoy unpacks, or larger than 32 MiB',
];

/** A claim with an empty name, as no document can write it. */
function emptyClaim(model: PolicyModel): PolicyModel {
  return JSON.parse(JSON.stringify(model).replaceAll('"path":["a"]', '"path":["a",""]')) as PolicyModel; // plain data
}

function withPlane(model: PolicyModel, id: 'l4', mode: 'observe' | 'enforce'): PolicyModel {
  const stage = { kind: 'first-match', name: 'tier', policies: [], direction: 'ingress' } as const;
  return { ...model, planes: [...model.planes, { id, mode, stages: [stage] }] };
}

/** With pods of the workload's service account at one address, of these labels; the second has another one too. */
function withPods(...labels: readonly string[]): (model: PolicyModel) => PolicyModel {
  const endpoints = labels.map((label, i) => ({
    ...{ namespace: 'default', name: `q${i}`, serviceAccount: 'details', labels: [['app', label]] as const },
    ...{ addresses: [i === 0 ? '10.0.0.9' : '10.0.0.8/31'], ports: [], hostNetwork: false },
  }));
  return (model) => ({ ...model, registry: { endpoints, namespaces: [], serviceAccounts: [], networkSets: [] } });
}

function outcome({ policies, change = (model) => model, with: other, of, sent = {}, keys, connects }: Row): string {
  const model = change(istioModel(policies));
  const keySets = new Map(keys && tokenRulesOf(model).map((rule) => [rule.keys.id, keys]));
  const trees = treesOf(model, { ...workload, ...of }, { ...settings, keySets, ...other });
  if ('everything' in trees) return 'everything';
  const usual: Row['sent'] = {
    uri: a,
    path: '/a/b',
    'header::path': '/a/b',
    'header::method': 'GET',
    'header::authority': 'a.com',
    port: '8080',
    sourceIp: '10.0.0.1',
    'state:gh.serial': '4d',
    'state:gh.transport': 'tls',
  };
  const all: Row['sent'] = { ...usual, ...sent };
  const values: Row['sent'] = { [REQUEST]: requestText(String(all['header::method']), String(all['path'])), ...all };
  const hasTls = values['state:gh.serial'] !== '-';
  return (
    interpretTree(connects === true ? trees.network : trees.http, (input) => {
      if (!hasTls && ['uri', 'dns', 'subject'].includes(input)) return unavailable;
      return values[input] ?? undefined;
    })?.name ?? 'nothing'
  );
}

describe('the table of docs/native.md', () => {
  for (const each of rows)
    it(`${each.row}${each.name === undefined ? '' : `: ${each.name}`}`, () => assert.equal(outcome(each), each.want));

  it('has a case for each row, and a row for each case', () => {
    const text = readFileSync('docs/native.md', 'utf8').split('## What a tree says')[1]?.split('\n\n')[1] ?? '';
    const written = [...text.matchAll(/^\| (.+?) \| (?:tree|asks) \|/gm)].map(([, row]) => row);
    assert.deepEqual(new Set(written), new Set([...rows.map(({ row }) => row), ...elsewhere]));
  });
});
