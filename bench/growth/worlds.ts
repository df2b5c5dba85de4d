/**
 * Documents of clusters of any size: pods, Services, network policies, authorization policies.
 * @module
 */
import { istioYaml, rulesOf } from '../lib/same-rules.ts';

const NAMESPACES = 40;
const APPS = 250;
const namespaceOf = (i: number): string => `team-${i % NAMESPACES}`;

const document = (value: unknown): string => `${JSON.stringify(value)}\n---\n`;

/** Pods of 250 apps in 40 namespaces; `edit` gives the one in the middle another label. */
export function podsYaml(count: number, edit = 0): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    const changed = edit > 0 && i === count >> 1 ? { edit: `e${edit}` } : {};
    text += document({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${i}`, namespace: namespaceOf(i), labels: { app: `app-${i % APPS}`, ...changed } },
      spec: { serviceAccountName: `sa-${i % APPS}`, containers: [{ name: 'main', ports: [{ containerPort: 8080 }] }] },
      status: { podIP: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`, phase: 'Running' },
    });
  }
  return text;
}

/** Services, each of one app in one namespace. */
export function servicesYaml(count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    text += document({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `service-${i}`, namespace: namespaceOf(i) },
      spec: { selector: { app: `app-${i % APPS}` }, ports: [{ port: 80, targetPort: 8080 }] },
    });
  }
  return text;
}

/** NetworkPolicies, each of one app that lets another in; `edit` gives the one in the middle another port. */
export function networkPoliciesYaml(count: number, edit = 0): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    text += document({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `network-${i}`, namespace: namespaceOf(i) },
      spec: {
        podSelector: { matchLabels: { app: `app-${i % APPS}` } },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { app: `app-${(i + 1) % APPS}` } } }],
            ports: [{ protocol: 'TCP', port: 8080 + (i === count >> 1 ? edit : 0) }],
          },
        ],
      },
    });
  }
  return text;
}

/** AuthorizationPolicies, each of one app that lets another one's account ask it for a path. */
export function callersYaml(count: number): string {
  let text = '';
  for (let i = 0; i < count; i++)
    text += document({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: `allow-${i}`, namespace: namespaceOf(i) },
      spec: {
        selector: { matchLabels: { app: `app-${i % APPS}` } },
        rules: [
          {
            from: [{ source: { principals: [`cluster.local/ns/${namespaceOf(i + 1)}/sa/sa-${(i + 1) % APPS}`] } }],
            to: [{ operation: { methods: ['GET'], paths: [`/api/${i}/*`] } }],
          },
        ],
      },
    });
  return text;
}

/** AuthorizationPolicies, a document a rule; `edit` gives one of them another path. */
export const authorizationPoliciesYaml = (count: number, edit = 0): string =>
  istioYaml(
    rulesOf(count).map((rule, i) => (i === 7 && edit > 0 ? { ...rule, prefix: `/edit-${edit}/` } : rule)),
    true,
  );
