/**
 * Policies that look at every part of a request.
 * @module
 */
import { usualDialect } from '../../../src/policy/dialects/contribution.ts';
import { loadPolicies } from '../../../src/policy/load.ts';
import type { PolicyModel } from '../../../src/policy/model.ts';
import { readPolicies } from '../../../src/policy/read-policies.ts';

const policies = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: denied, namespace: default }
spec:
  action: DENY
  rules:
  - from: [{ source: { ipBlocks: [10.9.0.0/16], notNamespaces: [default] } }]
  - to: [{ operation: { paths: [/admin/*], notMethods: [GET] } }]
  - when: [{ key: 'request.headers[x-blocked]', values: ['*'] }]
  - when: [{ key: remote.ip, values: [192.0.2.0/24, '2001:db8::/32'] }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: allowed, namespace: default }
spec:
  action: ALLOW
  rules:
  - from: [{ source: { principals: [cluster.local/ns/default/sa/productpage] } }]
    to: [{ operation: { methods: [GET, POST], paths: [/details/*, '*.json', /exact, '/v/{*}/x/{**}'] } }]
  - from: [{ source: { namespaces: ['prod-*'], notPrincipals: ['*/sa/evil'] } }]
    to: [{ operation: { hosts: ['details*', '*.example.com'], ports: ['9080'] } }]
  - from: [{ source: { remoteIpBlocks: [203.0.113.0/24] } }]
    when:
    - { key: 'request.headers[x-token]', values: [let-me-in, 'pre-*', '*-post'] }
    - { key: connection.sni, notValues: ['*.internal'] }
    - { key: destination.port, values: ['9080', '443'] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: selected, namespace: default }
spec:
  selector: { matchLabels: { app: details, version: v2 } }
  action: DENY
  rules: [{ when: [{ key: source.ip, values: [198.51.100.0/24] }] }]
`;

/** The model of them. @throws Error if they are not sound */
export function policyModel(): PolicyModel {
  const { model, findings } = loadPolicies([readPolicies('fuzz.yaml', policies, usualDialect)], {
    generation: 1,
    absence: 'upstream',
    rootNamespace: 'istio-system',
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return model;
}
