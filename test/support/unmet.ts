/**
 * Policies around one workload, `shop/cart`, and what lint says of rules of them that nobody meets.
 * @module
 */
import type { LintFinding } from '../../src/analysis/lint/scene/lint-finding.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { lintedOf, pod } from './lint-world.ts';

export { pod };

const cart = { matchLabels: { app: 'cart' } };

export const network = (spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'net', namespace: 'shop' },
  spec: { podSelector: cart, ...spec },
});
export const calico = (spec: object): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'NetworkPolicy',
  metadata: { name: 'guard', namespace: 'shop' },
  spec: { selector: "app == 'cart'", ...spec },
});
export const istio = (spec: object): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'viewer', namespace: 'shop' },
  spec: { selector: cart, ...spec },
});

/** Those of the findings, and all. */
export function unmetOf(
  policies: readonly object[],
  registry: readonly object[],
  unread: readonly string[] = [],
): { readonly own: readonly LintFinding[]; readonly all: readonly LintFinding[]; readonly model: PolicyModel } {
  const { findings, model } = lintedOf(policies, registry, unread);
  return { own: findings.filter(({ code }) => code === 'rule-never-holds'), all: findings, model };
}
