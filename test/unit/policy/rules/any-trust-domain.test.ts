import assert from 'node:assert/strict';
import { readPolicies } from '../../../../src/policy/read-policies.ts';
import { rulesOfAnyDomain } from '../../../../src/policy/rules/any-trust-domain.ts';
import { modelOf } from '../../../support/model-of.ts';

const mesh = {
  ...{ trustDomain: 'cluster.local', trustDomainAliases: ['old.local'], rootNamespace: 'istio-system' },
  customProviders: {},
};
const istio = (rule: string, action = 'ALLOW'): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: shop }
spec:
  action: ${action}
  rules:
  - ${rule}
`;
const calico = (source: string): string => `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: a, namespace: shop }
spec:
  selector: all()
  ingress: [{ action: Allow, source: ${source} }]
`;

const open: readonly { name: string; text: string; at: string }[] = [
  {
    name: 'namespaces',
    text: istio('from: [{ source: { namespaces: [red] } }]'),
    at: 'spec.rules[0].from[0].source.namespaces',
  },
  {
    name: 'notNamespaces, which a namespace over there evades',
    text: istio('from: [{ source: { notNamespaces: [red] } }]', 'DENY'),
    at: 'spec.rules[0].from[0].source.notNamespaces',
  },
  {
    name: 'serviceAccounts',
    text: istio('from: [{ source: { serviceAccounts: [red/web] } }]'),
    at: 'spec.rules[0].from[0].source.serviceAccounts',
  },
  {
    name: 'one source of two',
    text: istio(
      'from: [{ source: { namespaces: [red], trustDomains: [cluster.local] } }, { source: { namespaces: [red] } }]',
    ),
    at: 'spec.rules[0].from[1].source.namespaces',
  },
  {
    name: 'namespaces beside notTrustDomains, which lets in all others',
    text: istio('from: [{ source: { namespaces: [red], notTrustDomains: [third.example] } }]'),
    at: 'spec.rules[0].from[0].source.namespaces',
  },
  {
    name: 'a condition on the namespace',
    text: istio('when: [{ key: source.namespace, values: [red] }]'),
    at: 'spec.rules[0].when[0].key',
  },
  {
    name: 'a condition on the service account that it must not be',
    text: istio('when: [{ key: source.serviceAccount, notValues: [red/web] }]'),
    at: 'spec.rules[0].when[0].key',
  },
  {
    name: 'serviceAccounts of Calico',
    text: calico('{ serviceAccounts: { names: [web] } }'),
    at: 'spec.ingress[0].source.serviceAccounts',
  },
];
const clear: readonly { name: string; text: string }[] = [
  {
    name: 'namespaces beside trustDomains',
    text: istio('from: [{ source: { namespaces: [red], trustDomains: [cluster.local] } }]'),
  },
  {
    name: 'namespaces beside every trust domain, by intent',
    text: istio("from: [{ source: { namespaces: [red], trustDomains: ['*'] } }]"),
  },
  {
    name: 'namespaces beside whole principals',
    text: istio('from: [{ source: { namespaces: [red], principals: [cluster.local/ns/red/sa/web] } }]'),
  },
  {
    name: 'namespaces beside a condition on the trust domain',
    text: istio(
      '{ from: [{ source: { namespaces: [red] } }], when: [{ key: source.trustDomain, values: [cluster.local] }] }',
    ),
  },
  { name: 'principals alone', text: istio('from: [{ source: { principals: [cluster.local/ns/red/sa/web] } }]') },
  { name: 'no caller at all', text: istio('to: [{ operation: { methods: [GET] } }]') },
  { name: 'a selector of Calico', text: calico("{ selector: app == 'web' }") },
];

describe('rulesOfAnyDomain', () => {
  const planes = { calico: 'enforce', l4: 'enforce' } as const;
  for (const { name, text } of open)
    it(`finds ${name}`, () => assert.equal(rulesOfAnyDomain(modelOf(text, { planes })).length, 1));
  for (const { name, text } of clear)
    it(`leaves alone ${name}`, () => assert.deepEqual(rulesOfAnyDomain(modelOf(text, { planes })), []));
});

describe('reading while other trust domains are let in', () => {
  const errorsOf = (text: string, othersLetIn: boolean) =>
    readPolicies('a.yaml', text, { ...mesh, othersLetIn }).findings.filter(({ severity }) => severity === 'error');
  for (const { name, text, at } of open)
    it(`refuses ${name}, and says where and what to do`, () => {
      const [error, ...more] = errorsOf(text, true);
      assert.deepEqual([error?.code, error?.path, more.length], ['foreign-namespaces', at, 0]);
      assert.match(error?.fix ?? '', /peerTrustDomains: own/);
      assert.ok((error?.line ?? 0) > 4, `${error?.line}`);
      assert.deepEqual(errorsOf(text, false), []);
    });
  for (const { name, text } of clear) it(`takes ${name}`, () => assert.deepEqual(errorsOf(text, true), []));
});
