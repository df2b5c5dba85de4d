import assert from 'node:assert/strict';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { evaluate } from '../../../../../src/policy/evaluate/evaluate.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';
import { modelOf } from '../../../../support/model-of.ts';
import { plainFacts } from '../../../../support/plain-facts.ts';

const registry = (initContainers: string): string => `apiVersion: v1
kind: Pod
metadata: { name: details, namespace: default, labels: { app: details } }
spec:
  serviceAccountName: details
  initContainers: [${initContainers}]
  containers: [{ name: main, image: x, ports: [{ name: http, containerPort: 8080 }] }]
status: { podIP: 10.0.0.1 }
`;
const sidecar = '{ name: proxy, image: x, restartPolicy: Always, ports: [{ name: metrics, containerPort: 15090 }] }';
const deny = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: a }
spec: { selector: all(), ingress: [{ action: Deny, protocol: TCP, destination: { ports: [metrics] } }, { action: Allow }] }
`;
const allow = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: a, namespace: default }
spec: { podSelector: {}, ingress: [{ ports: [{ port: metrics }] }] }
`;

describe('the port of a sidecar, which is an init container', () => {
  const verdict = (policies: string, destinationPort: number): string =>
    evaluate(
      modelOf(policies, { registry: registry(sidecar) }),
      plainFacts({ source: '10.0.0.9', address: '10.0.0.1', destinationPort }),
      { allowEmpty: false },
    ).decision.effect;

  it('is denied by its name', () => {
    assert.deepEqual([verdict(deny, 15_090), verdict(deny, 8080)], ['deny', 'allow']);
  });

  it('is allowed by its name', () => {
    assert.deepEqual([verdict(allow, 15_090), verdict(allow, 8080)], ['allow', 'deny']);
  });

  it('has its name checked as others have', () => {
    const { findings } = readPolicies('r.yaml', registry(sidecar.replace('metrics', 'Metrics')), {
      ...usualDialect,
      kinds: registryKinds,
    });
    assert.deepEqual(
      findings.map(({ code, path }) => `${code} ${path}`),
      ['port-name spec.initContainers[0].ports[0].name'],
    );
  });
});
