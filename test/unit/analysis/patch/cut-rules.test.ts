import assert from 'node:assert/strict';
import { cutRules, type DocumentCut } from '../../../../src/analysis/patch/cut-rules.ts';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import type { PolicyRef } from '../../../../src/policy/model.ts';

const istio: PolicyRef = { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'shop', name: 'api' };
const kubernetes: PolicyRef = { dialect: 'kubernetes', kind: 'NetworkPolicy', namespace: 'shop', name: 'api' };
const calico: PolicyRef = { dialect: 'calico', kind: 'NetworkPolicy', namespace: 'shop', name: 'api' };
const ingress = (...rules: number[]): DocumentCut['rules'] => rules.map((rule) => ({ direction: 'ingress', rule }));

const headOf = (apiVersion: string, kind: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: api, namespace: shop }\n`;
const istioHead = headOf('security.istio.io/v1', 'AuthorizationPolicy');
const kubernetesHead = headOf('networking.k8s.io/v1', 'NetworkPolicy');
const calicoHead = headOf('projectcalico.org/v3', 'NetworkPolicy');
const json = (rules: readonly object[]): string =>
  JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'api', namespace: 'shop' },
    spec: { action: 'ALLOW', rules },
  });
const method = (name: string) => ({ to: [{ operation: { methods: [name] } }] });

const cases: readonly {
  readonly name: string;
  readonly text: string;
  readonly cut: DocumentCut;
  /** Undefined: nothing is cut. */
  readonly want: string | undefined;
}[] = [
  {
    name: 'a block item, with no comment but its own',
    text: `# head\n${istioHead}spec:\n  rules: # all\n  # the first\n  - to: # a\n    - operation: { methods: [GET] } # b\n  # about the second\n  - to: # c\n    - operation: { methods: [PUT] }\n  # behind\n---\n# other\n`,
    cut: { policy: istio, rules: ingress(0) },
    want: `# head\n${istioHead}spec:\n  rules: # all\n  # the first\n  # about the second\n  - to: # c\n    - operation: { methods: [PUT] }\n  # behind\n---\n# other\n`,
  },
  {
    name: 'all of them, which leaves an empty list and the document',
    text: `${istioHead}spec:\n  action: ALLOW\n  rules: # all\n  - to:\n    - operation: { methods: [GET] }\n  - to: [{ operation: { methods: [PUT] } }]\n  # behind\n  selector: { matchLabels: { app: api } }\n`,
    cut: { policy: istio, rules: ingress(0, 1) },
    want: `${istioHead}spec:\n  action: ALLOW\n  rules: [] # all\n  # behind\n  selector: { matchLabels: { app: api } }\n`,
  },
  {
    name: 'several of a flow list, the last one too',
    text: `${istioHead}spec: { rules: [{ to: [{ operation: { methods: [GET] } }] }, { to: [{ operation: { methods: [PUT] } }] }, { to: [{ operation: { methods: [HEAD] } }] }] }\n`,
    cut: { policy: istio, rules: ingress(0, 2) },
    want: `${istioHead}spec: { rules: [{ to: [{ operation: { methods: [PUT] } }] }] }\n`,
  },
  {
    name: 'of a flow list with comments',
    text: `${istioHead}spec:\n  rules: [\n    # one\n    { to: [{ operation: { methods: [GET] } }] },\n    # two\n    { to: [{ operation: { methods: [PUT] } }] }\n  ]\n`,
    cut: { policy: istio, rules: ingress(0) },
    want: `${istioHead}spec:\n  rules: [\n    # one\n    \n    # two\n    { to: [{ operation: { methods: [PUT] } }] }\n  ]\n`,
  },
  {
    name: 'of JSON',
    text: json([method('GET'), method('PUT')]),
    cut: { policy: istio, rules: ingress(1) },
    want: json([method('GET')]),
  },
  {
    name: 'all of JSON',
    text: json([method('GET')]),
    cut: { policy: istio, rules: ingress(0) },
    want: json([]),
  },
  {
    name: 'with carriage returns, a byte order mark, and no newline at the end',
    text: `\ufeff# é\r\n${istioHead.replaceAll('\n', '\r\n')}spec:\r\n  rules:\r\n  - to: [{ operation: { methods: [GET] } }]\r\n  - to: [{ operation: { methods: [PUT] } }]`,
    cut: { policy: istio, rules: ingress(0) },
    want: `\ufeff# é\r\n${istioHead.replaceAll('\n', '\r\n')}spec:\r\n  rules:\r\n  - to: [{ operation: { methods: [PUT] } }]`,
  },
  {
    name: 'of an item of a List, its neighbours untouched',
    text: `apiVersion: v1\nkind: List\nitems:\n- apiVersion: security.istio.io/v1\n  kind: AuthorizationPolicy\n  metadata: { name: other, namespace: shop }\n  spec: { rules: [{}] }\n- apiVersion: security.istio.io/v1\n  kind: AuthorizationPolicy\n  metadata: { name: api, namespace: shop }\n  spec:\n    rules:\n    - to: [{ operation: { methods: [GET] } }]\n# end\n`,
    cut: { policy: istio, rules: ingress(0) },
    want: `apiVersion: v1\nkind: List\nitems:\n- apiVersion: security.istio.io/v1\n  kind: AuthorizationPolicy\n  metadata: { name: other, namespace: shop }\n  spec: { rules: [{}] }\n- apiVersion: security.istio.io/v1\n  kind: AuthorizationPolicy\n  metadata: { name: api, namespace: shop }\n  spec:\n    rules: []\n# end\n`,
  },
  {
    name: 'egress of a NetworkPolicy without policyTypes, which stays one of egress',
    text: `${kubernetesHead}spec:\n  podSelector: {}\n  egress:\n  - ports: [{ port: 53, protocol: UDP }]\n`,
    cut: { policy: kubernetes, rules: [{ direction: 'egress', rule: 0 }] },
    want: `${kubernetesHead}spec:\n  podSelector: {}\n  egress: []\n  policyTypes: [Ingress, Egress]\n`,
  },
  {
    name: 'ingress of a policy of Calico without types, which stays one of ingress; of two of one name the one of its dialect',
    text: `${kubernetesHead}spec: { podSelector: {}, ingress: [{}] }\n---\n${calicoHead}spec:\n  ingress:\n  - action: Allow\n  egress:\n  - action: Allow\n`,
    cut: { policy: calico, rules: ingress(0) },
    want: `${kubernetesHead}spec: { podSelector: {}, ingress: [{}] }\n---\n${calicoHead}spec:\n  ingress: []\n  egress:\n  - action: Allow\n  types: [Ingress, Egress]\n`,
  },
  {
    name: 'nothing of a document that says something by aliases',
    text: `${istioHead}spec:\n  selector: { matchLabels: &one { app: api } }\n  rules:\n  - to: [{ operation: { methods: [GET] } }]\n    when: []\nstatus: *one\n`,
    cut: { policy: istio, rules: ingress(0) },
    want: undefined,
  },
  {
    name: 'nothing that others are aliases of',
    text: `${istioHead}spec:\n  rules:\n  - &one\n    to: [{ operation: { methods: [GET] } }]\n  - to: [{ operation: { methods: [PUT] } }]\n  - *one\n`,
    cut: { policy: istio, rules: ingress(0) },
    want: undefined,
  },
  {
    name: 'what stands below its dash, and a comment',
    text: `${istioHead}spec:\n  rules:\n  -\n    # one-two\n    to: [{ operation: { methods: [GET] } }]\n  - to: [{ operation: { methods: [PUT] } }]\n`,
    cut: { policy: istio, rules: ingress(0) },
    want: `${istioHead}spec:\n  rules:\n  - to: [{ operation: { methods: [PUT] } }]\n`,
  },
  {
    name: 'nothing of a rule that is not there',
    text: `${istioHead}spec:\n  rules:\n  - to: [{ operation: { methods: [GET] } }]\n`,
    cut: { policy: istio, rules: ingress(1) },
    want: undefined,
  },
];

describe('cutRules', () => {
  for (const { name, text, cut, want } of cases)
    it(`cuts ${name}`, () => assert.equal(cutRules('policies.yaml', text, cut, usualDialect), want));
});
